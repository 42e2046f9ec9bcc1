import express from 'express'
import { pool } from './db'
import { profileRoutes } from './routes/profiles'

const app = express()
app.use(express.json())
app.use('/profiles', profileRoutes)

app.get('/healthz', async (_req, res) => {
  await pool.query('SELECT 1')
  res.send('ok')
})

app.listen(Number(process.env.PORT ?? 3000))
