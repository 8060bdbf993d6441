/** mulberry32: the same inputs for the same seed, and one number to go back to any of them. */
export interface Random {
  /** Everything that comes next follows from it. */
  state: number
  below(n: number): number
  any<T>(list: readonly T[]): T
  /** True once in `n` times. */
  once(n: number): boolean
}

/** A generator that starts from a seed. */
export function seeded(seed: number): Random {
  return {
    state: seed | 0,
    below(n) {
      this.state = (this.state + 0x6d2b79f5) | 0
      let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n)
    },
    any(list) {
      return list[this.below(list.length)]!
    },
    once(n) {
      return this.below(n) === 0
    },
  }
}

/** Runs with secure random numbers from the seed, so that the valid objects are the same in every run. */
export async function withFixedRandom<T>(seed: number, run: () => Promise<T>): Promise<T> {
  const random = seeded(seed)
  const { crypto } = globalThis
  Object.defineProperty(crypto, 'getRandomValues', {
    configurable: true,
    value: (array: Uint8Array) => {
      for (let i = 0; i < array.length; i++) array[i] = random.below(256)
      return array
    },
  })
  try {
    return await run()
  } finally {
    Reflect.deleteProperty(crypto, 'getRandomValues')
  }
}
