export interface Profile {
  userId: string
  displayName: string
  avatarUrl: string | null
  locale: string
}

export interface ProfileRow {
  user_id: string
  display_name: string
  avatar_url: string | null
  locale: string
}

export function toProfile(row: ProfileRow): Profile {
  return {
    userId: row.user_id,
    displayName: row.display_name,
    avatarUrl: row.avatar_url,
    locale: row.locale,
  }
}
