import { describe, expect, it } from 'vitest'
import { open, seal } from '../../src/envelope/index.ts'
import { type CborValue, encodeCbor } from '../../src/internal/cbor/index.ts'
import { hintOf } from '../../src/internal/cose/keyId.ts'
import type { Decapsulator, KemAlgorithm, LocalDecapsulator } from '../../src/keys/index.ts'
import { mlKem768P256, p256, x25519, xWing } from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { assemble, partsOf } from '../helpers/craft.ts'
import { codeOfError, rejection } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'

// Pitfall 20: an encapsulation that ML-KEM rejects implicitly, or that gives another shared secret, must not be told
// from a wrapped key or a content whose tag is wrong: same error, same work up to it.

type Entry = [header: Uint8Array, unprotected: ReadonlyMap<number, CborValue>, wrapped: Uint8Array]

/** The same envelope with another encapsulation, or another wrapped key. */
function changedEntry(envelope: Uint8Array, change: (entry: Entry) => Entry): Uint8Array {
  const parts = partsOf(envelope)
  const [header, unprotected, wrapped] = parts.recipients[0] as Entry
  parts.recipients = [change([header, unprotected, wrapped])]
  return assemble(parts)
}

async function variants(key: LocalDecapsulator): Promise<Record<string, Uint8Array>> {
  const envelope = await seal(utf8('x'), { recipients: [key.publicKey] })
  const other = await seal(utf8('x'), { recipients: [key.publicKey] })
  const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, i) => (i === at ? byte ^ 1 : byte))
  const ek = (partsOf(other).recipients[0] as Entry)[1].get(-4) as Uint8Array
  const lattice: Record<string, Uint8Array> =
    ek.length < 1000
      ? {}
      : {
          // The lattice half of an encapsulation, changed: decapsulation answers with another secret.
          'an encapsulation rejected implicitly': changedEntry(
            envelope,
            ([header, map, wrapped]) => [
              header,
              new Map([...map, [-4, flipped(map.get(-4) as Uint8Array, 20)]]),
              wrapped,
            ],
          ),
        }
  const parts = partsOf(envelope)
  return {
    ...lattice,
    'another valid encapsulation': changedEntry(envelope, ([header, map, wrapped]) => [
      header,
      new Map([...map, [-4, ek]]),
      wrapped,
    ]),
    'a wrapped key whose tag is wrong': changedEntry(envelope, ([header, map, wrapped]) => [
      header,
      map,
      flipped(wrapped, 47),
    ]),
    'a wrapped key with another first byte': changedEntry(envelope, ([header, map, wrapped]) => [
      header,
      map,
      flipped(wrapped, 0),
    ]),
    'content whose tag is wrong': assemble({
      ...parts,
      ciphertext: flipped(parts.ciphertext as Uint8Array, 0),
    }),
    'another commitment': assemble({
      ...parts,
      // Its last byte stands at the end of the header where there is no mark, else before it.
      header: flipped(parts.header, parts.header.length - 8),
    }),
  }
}

describe.each([xWing, mlKem768P256, p256, x25519].map((kem) => [kem.name, kem] as const))(
  '%s: what does not open',
  (_name, algorithm: KemAlgorithm) => {
    it('pitfall 20: says one thing, whatever was changed, after one decapsulation', async () => {
      const key = await kemKey(algorithm)
      const said = new Set<string>()
      for (const [name, envelope] of Object.entries(await variants(key))) {
        let asked = 0
        const as: Decapsulator = {
          publicKey: key.publicKey,
          decapsulate: (encapsulation, options) => {
            asked++
            return key.decapsulate(encapsulation, options)
          },
        }
        const error = await rejection(open(envelope, { as }))
        expect(codeOfError(error), name).toBe('ERR_ENVELOPE_OPEN_FAILED')
        const { message, cause } = error as Error
        said.add(`${Object.keys(error as object).sort()} ${message} ${String(cause)}`)
        expect(asked, name).toBe(1)
      }
      expect(said.size).toBe(1)
    })

    it('pitfall 20: takes as long for another shared secret as for a wrong tag', async () => {
      const key = await kemKey(algorithm)
      const all = await variants(key)
      const one = all['an encapsulation rejected implicitly'] ?? all['another valid encapsulation']!
      const two = all['a wrapped key whose tag is wrong']!
      const time = async (envelope: Uint8Array): Promise<number> => {
        const start = performance.now()
        await open(envelope, { as: key }).catch(() => {})
        return performance.now() - start
      }
      const median = (list: number[]): number => list.sort((a, b) => a - b)[list.length >> 1]!
      // Taking turns, and again if the machine was busy with something else: a class, not a microsecond.
      let ratio = 0
      for (let attempt = 0; attempt < 6; attempt++) {
        const times: [number[], number[]] = [[], []]
        for (let i = 0; i < 15; i++) {
          times[0].push(await time(one))
          times[1].push(await time(two))
        }
        ratio = median(times[0]) / median(times[1])
        if (ratio > 0.75 && ratio < 1.33) break
      }
      expect(ratio).toBeGreaterThan(0.75)
      expect(ratio).toBeLessThan(1.33)
    })
  },
)

describe('among several entries', () => {
  it('pitfall 20: without key ids, every entry of the algorithm is tried until one opens', async () => {
    const [key, stranger] = [await kemKey(x25519, 1), await kemKey(x25519, 2)]
    const recipients = [stranger.publicKey, key.publicKey, (await kemKey(x25519, 3)).publicKey]
    const envelope = await seal(utf8('x'), { recipients, keyIds: 'none' })
    const parts = partsOf(envelope)
    parts.ciphertext = (parts.ciphertext as Uint8Array).map((byte, i) =>
      i === 0 ? byte ^ 1 : byte,
    )
    const nobody = await kemKey(x25519, 9)
    const errors = await Promise.all([
      rejection(open(envelope, { as: nobody })),
      rejection(open(assemble(parts), { as: key })),
    ])
    // A stranger and a reader of a changed envelope hear the same.
    expect(new Set(errors.map(String)).size).toBe(1)
    expect(errors.map(codeOfError)).toEqual(Array(2).fill('ERR_ENVELOPE_OPEN_FAILED'))
  })

  it('pitfall 14: two entries that name one reader, by id and by hint: the one that opens counts', async () => {
    const key = await kemKey(x25519)
    const plain = await seal(utf8('x'), { recipients: [key.publicKey] })
    const { envelopeId } = await open(plain, { as: key })
    for (const front of [true, false]) {
      const parts = partsOf(plain)
      const [, unprotected] = parts.recipients[0] as Entry
      const hint = hintOf(envelopeId!, key.publicKey.id)
      const header = encodeCbor(
        new Map<number, CborValue>([
          [1, 50],
          [4, hint],
        ]),
      )
      const junk = [header, unprotected, new Uint8Array(48)]
      parts.recipients = front ? [junk, ...parts.recipients] : [...parts.recipients, junk]
      expect((await open(assemble(parts), { as: key })).content).toEqual(utf8('x'))
    }
  })
})
