import { describe, expect, it } from 'vitest'
import { open, rewrap, seal } from '../../src/envelope/index.ts'
import { x25519 } from '../../src/keys/index.ts'
import { kemKey } from '../helpers/keys.ts'

describe('options', () => {
  it('may be objects of a class, frozen, or have more behind the scenes', async () => {
    const [key, other] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    class Settings {
      readonly as = key
      readonly add = [other.publicKey]
      get recipients() {
        return [key.publicKey]
      }
      helper(): void {}
    }
    const sealing = Object.freeze({ recipients: [key.publicKey] })
    const envelope = await seal(Uint8Array.of(1), sealing)
    await expect(seal(Uint8Array.of(1), new Settings())).rejects.toThrow(/unknown option as/)
    const shared = await rewrap(envelope, new Settings())
    class Reading {
      readonly as = other
      helper(): void {}
    }
    expect((await open(shared, new Reading())).content).toEqual(Uint8Array.of(1))
    const meta = Object.defineProperty({ as: key }, 'meta', { value: 1 })
    expect((await open(shared, meta)).content).toEqual(Uint8Array.of(1))
    const nothing = { as: key, minimumSecurty: undefined }
    expect((await open(shared, nothing)).content).toEqual(Uint8Array.of(1))
  })
})
