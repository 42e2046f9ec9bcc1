import { pool } from '../db'
import { ReadThroughCache } from './cache'
import { Profile } from './profile'
import { loadProfile } from './store'

const profiles = new ReadThroughCache<Profile>(loadProfile, 60_000)

export function getProfile(userId: string): Promise<Profile | undefined> {
  return profiles.get(userId)
}

export async function updateLocale(userId: string, locale: string): Promise<void> {
  await pool.query('UPDATE profiles SET locale = $2, updated_at = now() WHERE user_id = $1', [userId, locale])
  profiles.forget(userId)
}
