/** Whatever a ring went through, its export brings it back. */
import { fc, it } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import {
  createIdentity,
  createKeyRing,
  ed25519,
  exportIdentity,
  exportSeed,
  importIdentity,
  type KeyRing,
  type KeyStatus,
  type LocalDecapsulator,
  p256,
  rotateKey,
  secretWrapper,
  setKeyStatus,
  x25519,
} from '../../src/keys/index.ts'
import { toHex } from '../helpers/bytes.ts'
import { kemKey, signKey } from '../helpers/keys.ts'

type Step = { kind: 'rotate'; p256: boolean } | { kind: 'status'; at: number; status: KeyStatus }
const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('rotate' as const), p256: fc.boolean() }),
    fc.record({
      kind: fc.constant('status' as const),
      at: fc.nat({ max: 7 }),
      status: fc.constantFrom<KeyStatus>('active', 'decrypt-only', 'disabled', 'destroyed'),
    }),
  ),
  { maxLength: 8 },
)

/** A ring after these steps; what the ring refuses is left out. */
async function ringAfter(list: readonly Step[]): Promise<KeyRing> {
  let [ring, n] = [createKeyRing(await kemKey(x25519, 1)), 1]
  for (const step of list) {
    if (step.kind === 'rotate') ring = rotateKey(ring, await kemKey(step.p256 ? p256 : x25519, ++n))
    else {
      const { publicKey } = ring.keys[step.at % ring.keys.length]!
      try {
        ring = setKeyStatus(ring, publicKey.id, step.status)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
    }
  }
  return ring
}

const told = (ring: KeyRing): unknown[] =>
  ring.keys.map(({ publicKey, status, key }) => [
    toHex(publicKey.id),
    status,
    key === null ? null : toHex(exportSeed(key as LocalDecapsulator)),
  ])

describe('export and import', () => {
  it.prop([steps, fc.integer({ min: 1, max: 16 }), fc.nat()], { numRuns: 40 })(
    'of any ring under any number of wrappers',
    async (list, count, chosen) => {
      const ring = await ringAfter(list)
      const wrappers = Array.from({ length: count }, (_, n) =>
        secretWrapper(new Uint8Array(32 + n).fill(n)),
      )
      const me = await createIdentity({ signer: await signKey(ed25519), decapsulator: ring })
      const bytes = await exportIdentity(me, { wrappers })
      const again = await importIdentity(bytes, {
        wrapper: wrappers[chosen % count]!,
        algorithms: [x25519, p256, ed25519],
        did: me.public.did,
      })
      expect(told(again.decapsulator)).toEqual(told(ring))
      expect(again.public).toEqual(me.public)
    },
  )
})
