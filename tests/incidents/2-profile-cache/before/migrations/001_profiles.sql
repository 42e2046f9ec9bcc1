CREATE TABLE profiles (
  user_id bigint PRIMARY KEY,
  display_name text NOT NULL,
  avatar_url text,
  locale text NOT NULL DEFAULT 'en',
  updated_at timestamptz NOT NULL DEFAULT now()
);
