import { Router } from 'express'
import { getProfile, updateLocale } from '../profiles/service'

export const profileRoutes = Router()

profileRoutes.get('/:userId', async (req, res, next) => {
  try {
    const profile = await getProfile(req.params.userId)
    if (profile === undefined) {
      res.status(404).json({ error: 'no such profile' })
      return
    }
    res.json(profile)
  } catch (error) {
    next(error)
  }
})

profileRoutes.put('/:userId/locale', async (req, res, next) => {
  try {
    await updateLocale(req.params.userId, String(req.body.locale))
    res.status(204).end()
  } catch (error) {
    next(error)
  }
})
