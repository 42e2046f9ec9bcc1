interface Entry<Value> {
  value: Value
  expiresAt: number
}

export class ReadThroughCache<Value> {
  private readonly entries = new Map<string, Entry<Value>>()

  constructor(
    private readonly load: (key: string) => Promise<Value | undefined>,
    private readonly lifetimeMs: number,
  ) {}

  async get(key: string): Promise<Value | undefined> {
    const entry = this.entries.get(key)
    if (entry !== undefined && entry.expiresAt > Date.now()) return entry.value
    const value = await this.load(key)
    if (value !== undefined) this.entries.set(key, { value, expiresAt: Date.now() + this.lifetimeMs })
    return value
  }

  forget(key: string): void {
    this.entries.delete(key)
  }
}
