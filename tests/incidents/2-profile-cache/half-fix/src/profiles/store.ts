import { pool } from '../db'
import { Profile, ProfileRow, toProfile } from './profile'

const PROFILE = 'SELECT user_id, display_name, avatar_url, locale FROM profiles WHERE user_id = $1'

export async function loadProfile(userId: string): Promise<Profile | undefined> {
  const client = await pool.connect()
  const { rows } = await client.query<ProfileRow>(PROFILE, [userId])
  client.release()
  return rows.length === 0 ? undefined : toProfile(rows[0])
}
