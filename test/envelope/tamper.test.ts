import { describe, expect, it } from 'vitest'
import {
  createSealer,
  type KeyIdMode,
  open,
  type SealOptions,
  seal,
} from '../../src/envelope/index.ts'
import {
  type Identity,
  type KemAlgorithm,
  keyDirectory,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOfError } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { entriesOf } from '../helpers/layout.ts'

interface Shape {
  readonly readers: 1 | 3
  readonly keyIds: KeyIdMode
  readonly batch: boolean
  readonly signed: boolean
}

const shapes: Shape[] = ([1, 3] as const).flatMap((readers) =>
  (['plain', 'hint', 'none'] as const).flatMap((keyIds) =>
    [false, true].flatMap((batch) =>
      [false, true].map((signed) => ({ readers, keyIds, batch, signed })),
    ),
  ),
)
const titleOf = ({ readers, keyIds, batch, signed }: Shape): string =>
  `${readers} reader(s), ${keyIds}, ${batch ? 'batch' : 'single'}, ${signed ? 'signed' : 'unsigned'}`

const tier = process.env['CARESEAL_TIER']
const slow = tier === 'noble'
/** The other tiers take milliseconds where OpenSSL takes a fraction of one: all patterns there, some elsewhere. */
const masks = slow ? [0x01] : tier === 'webcrypto' ? [0x01, 0x80] : [0x01, 0x20, 0x80, 0xff]
const content = utf8('Hb 7.1 g/dL')
const externalAad = utf8('row 7')

async function sealShape(shape: Shape, people: readonly Identity[]): Promise<Uint8Array> {
  const recipients = people.slice(0, shape.readers).map((one) => one.public)
  const options: SealOptions = { recipients, externalAad, mediaType: 'text/plain' }
  const author = shape.signed ? { author: people[0]! } : {}
  if (!shape.batch) return seal(content, { ...options, ...author, keyIds: shape.keyIds })
  const sealer = createSealer({ ...author, keyIds: shape.keyIds })
  await sealer.seal(utf8('the one before'), options)
  return sealer.seal(content, options)
}

/** Which bytes are flipped and how. */
interface Plan {
  readonly kem: KemAlgorithm
  readonly masks: readonly number[]
  readonly step: number
}

/** Nothing authenticates the entries of other readers: whoever keeps the envelope may change or drop them. */
function strangersBytes(envelope: Uint8Array, own: number): Set<number> {
  const bytes = new Set<number>()
  entriesOf(envelope).forEach(({ start, end }, reader) => {
    for (let i = start; i < end && reader !== own; i++) bytes.add(i)
  })
  return bytes
}

async function check(shape: Shape, { kem, masks: patterns, step }: Plan): Promise<void> {
  const people = await Promise.all([1, 2, 3].map((n) => person(n, kem)))
  const envelope = await sealShape(shape, people)
  // The reader in the middle, so that strangers stand before and after.
  const own = shape.readers === 3 ? 1 : 0
  const tolerated = strangersBytes(envelope, own)
  expect(tolerated.size === 0).toBe(shape.readers === 1)
  const options = { as: people[own]!, authors: keyDirectory([people[0]!.public]), externalAad }
  const expected = await open(envelope, options)
  let [opened, strange] = [0, 0]
  for (const mask of patterns) {
    for (let i = 0; i < envelope.length; i += step) {
      const changed = envelope.slice()
      changed[i]! ^= mask
      if (tolerated.has(i)) strange++
      try {
        const result = await open(changed, options)
        opened++
        if (!tolerated.has(i)) throw new Error(`opened with byte ${i} changed by ${mask}`)
        expect(result).toEqual(expected)
      } catch (error) {
        expect(refusals).toContain(codeOfError(error))
      }
    }
  }
  // The list is no wider than it need be: most of what it names can be changed.
  expect(opened).toBeGreaterThanOrEqual(strange * 0.6)
}

const refusals = [
  'ERR_ENVELOPE_MALFORMED',
  'ERR_ENVELOPE_OPEN_FAILED',
  'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
]

describe('every byte of an envelope, flipped', () => {
  it.each(shapes.map((shape) => [titleOf(shape), shape] as const))(
    'X25519, %s',
    async (_title, shape) => check(shape, { kem: x25519, masks, step: 1 }),
  )

  // In an encapsulation of 1,120 bytes each byte is like the next: with three readers, and on the slow tier, some.
  it.each([
    [{ readers: 1, keyIds: 'plain', batch: false, signed: true }, slow ? 5 : 1],
    [{ readers: 3, keyIds: 'hint', batch: true, signed: true }, slow ? 13 : 5],
    [{ readers: 3, keyIds: 'none', batch: false, signed: false }, slow ? 13 : 5],
  ] as const)('X-Wing, %o, every byte of %i', async (shape, step) =>
    check(shape, { kem: xWing, masks: [0x01], step }),
  )
})
