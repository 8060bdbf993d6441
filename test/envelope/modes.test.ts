import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Addressed,
  createOpener,
  createSealer,
  inspect,
  type KeyIdMode,
  open,
  rekey,
  rewrap,
  type Security,
  seal,
} from '../../src/envelope/index.ts'
import { openRecord, sealRecord, sealRecords, shareRecord } from '../../src/index.ts'
import { type CborMap, decodeStrict, encodeCbor, Tagged } from '../../src/internal/cbor/index.ts'
import {
  type Identity,
  type KemPublicKey,
  type KeyDirectory,
  keyDirectory,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { refused } from '../helpers/cbor.ts'
import { assemble, partsOf } from '../helpers/craft.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'
import { resealed } from '../helpers/reseal.ts'

// Every way to seal, in every mode: what shows, who is told to be addressed, how strong it is said to be, and what a
// reader can take away.

const content = new TextEncoder().encode('{"resourceType":"Patient"}')
const modes: readonly KeyIdMode[] = ['plain', 'hint', 'none']

interface Sealing {
  readonly author: Identity
  readonly recipients: readonly KemPublicKey[]
  readonly keyIds: KeyIdMode
}
const recordInBatch = async (options: Sealing): Promise<Uint8Array> => {
  for await (const { records } of sealRecords([{ key: 1, content }], options)) {
    return records[0]!.envelope
  }
  throw new Error('no record')
}
const ways: Record<string, (options: Sealing) => Promise<Uint8Array>> = {
  seal: (options) => seal(content, options),
  createSealer: ({ recipients, ...options }) => createSealer(options).seal(content, { recipients }),
  sealRecord: async (options) => (await sealRecord(content, options)).envelope,
  sealRecords: recordInBatch,
}
const matrix = Object.entries(ways).flatMap(([name, make]) =>
  modes.map((keyIds) => [name, keyIds, make] as const),
)

let author: Identity
let first: Identity
let second: Identity
let third: Identity
let authors: KeyDirectory

beforeAll(async () => {
  ;[author, first, second, third] = [
    await person(1),
    await person(2),
    await person(3),
    await person(4),
  ]
  authors = keyDirectory([author.public])
})

interface Seen {
  readonly addressed: Addressed
  readonly security: Security
  readonly authors: readonly unknown[]
}
const isRecord = (name: string): boolean => name.startsWith('sealRecord')
const opened = (
  name: string,
  envelope: Uint8Array,
  as: Identity,
  minimumSecurity: Security = 'classical',
): Promise<Seen> => (isRecord(name) ? openRecord : open)(envelope, { as, authors, minimumSecurity })

describe.each(matrix)('%s with readers shown as %s', (name, keyIds, make) => {
  const sealed = () =>
    make({
      author,
      recipients: [first.public.encryption, second.public.encryption],
      keyIds,
    })
  const original: Addressed = keyIds === 'none' ? 'unstated' : 'original'
  const shared: Addressed = keyIds === 'none' ? 'unstated' : 'shared'
  const shown = { plain: 32, hint: 16, none: undefined }[keyIds]
  const shows = (envelope: Uint8Array): (number | undefined)[] =>
    inspect(envelope).unverified.recipients.map(({ keyId }) => keyId?.length)

  it('shows readers so, to all whom it was sealed to', async () => {
    const envelope = await sealed()
    expect(shows(envelope)).toEqual([shown, shown])
    for (const as of [first, second]) {
      expect((await opened(name, envelope, as)).addressed).toBe(original)
    }
    const stranger = await codeOf(opened(name, envelope, third))
    // Where readers are hidden, nobody can know that she is none before she has tried.
    expect(stranger).toBe(
      keyIds === 'none' ? 'ERR_ENVELOPE_OPEN_FAILED' : 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
    )
  })

  it('forwarded in every way, is shared and never original', async () => {
    const envelope = await sealed()
    const [one, two, three] = [first, second, third].map((person) => person.public.encryption)
    // Hidden readers cannot be told one by one: all of them are left out who are not named.
    const hidden = { removeOthers: keyIds === 'none' }
    const forwarded: Record<string, Uint8Array> = {
      rewrap: await rewrap(envelope, { as: second, add: [three!] }),
      'opener.rewrap': await createOpener({ as: second }).rewrap(envelope, { add: [three!] }),
      rekey: await rekey(envelope, { as: second, recipients: [one!, two!, three!], ...hidden }),
      'sealed again by hand': await resealed(envelope, second, [one!, three!]),
      'sealed again, hidden': await resealed(envelope, second, [one!, three!], undefined, 'none'),
      'rewrapped, rekeyed, rewrapped': await (async () => {
        const wide = await rewrap(envelope, { as: second, add: [three!] })
        const rekeyed = await rekey(wide, {
          as: third,
          recipients: [one!, two!, three!],
          ...hidden,
        })
        return rewrap(rekeyed, { as: third, add: [three!] })
      })(),
    }
    if (isRecord(name)) {
      const share = await shareRecord(envelope, { as: second, recipients: [three!] })
      forwarded['shareRecord'] = share.envelope
    }
    for (const [how, copy] of Object.entries(forwarded)) {
      const seen = await opened(name, copy, third)
      expect(seen.addressed, how).toBe(shared)
      // The author vouches for the content all the same, and addressed the first reader.
      expect(seen.authors, how).toHaveLength(1)
      expect((await opened(name, copy, first)).addressed, how).toBe(original)
      if (!how.includes('again')) expect(new Set(shows(copy)), how).toEqual(new Set([shown]))
    }
  })

  it('stripped of its signature by a reader, names nobody', async () => {
    const stripped = await resealed(await sealed(), second, [first.public.encryption], (value) => {
      if (isRecord(name)) {
        const [, , , bare] = value as [unknown, unknown, unknown, Uint8Array]
        return ['careseal/unsigned/1', 'application/fhir+json', bare]
      }
      const [, , payload] = (value as Tagged).value as [unknown, unknown, Uint8Array]
      return ['careseal/unsigned/1', 'application/fhir+json', payload]
    })
    // A record is always signed: content without a signature is none.
    if (isRecord(name)) {
      expect(await codeOf(opened(name, stripped, first))).toBe('ERR_RECORD_MALFORMED')
    }
    const seen = await open(stripped, { as: first, authors })
    expect(seen).toMatchObject({ authors: [], signers: [], addressed: 'unstated' })
  })

  it('with its audience changed by a reader, does not open', async () => {
    const envelope = await sealed()
    const changed = await resealed(envelope, second, [third.public.encryption], (value) => {
      const ids = [third.public.encryption.id]
      if (isRecord(name)) {
        const [domain, manifest, ...rest] = value as [string, Uint8Array, ...never[]]
        const fields = new Map(decodeStrict(manifest, refused) as CborMap)
        return [domain, encodeCbor(fields.set(15, ids)), ...rest]
      }
      const [header, ...rest] = (value as Tagged).value as [Uint8Array, ...never[]]
      const headers = new Map(decodeStrict(header, refused) as CborMap)
      return new Tagged(18, [encodeCbor(headers.set(-77003, ids)), ...rest])
    })
    expect(await codeOf(opened(name, changed, third))).toBe('ERR_ENVELOPE_OPEN_FAILED')
  })
})

describe.each(matrix)('%s with readers shown as %s: how strong it is', (name, keyIds, make) => {
  const strong = 'post-quantum'

  it('is demanded of the mark and of the own entry', async () => {
    const reader = await person(5, xWing)
    const { encryption } = reader.public
    const weak = (await kemKey(x25519, 2)).publicKey
    const both = await make({ author, recipients: [encryption, weak], keyIds })
    expect((await opened(name, both, reader)).security).toBe('classical')
    expect(await codeOf(opened(name, both, reader, strong))).toBe('ERR_ENVELOPE_SECURITY')

    const pure = await make({ author, recipients: [encryption], keyIds })
    expect((await opened(name, pure, reader, strong)).security).toBe(strong)
    const add = [weak]
    expect(await codeOf(rewrap(pure, { as: reader, add }))).toBe('ERR_ENVELOPE_DOWNGRADE')
    const widened = await rewrap(pure, { as: reader, add, allowClassical: true })
    // The mark speaks of sealing: the reader of then is as safe as the sharer let her be, the new one is not.
    expect((await opened(name, widened, reader)).security).toBe(strong)
    expect(await codeOf(opened(name, widened, first, strong))).toBe('ERR_ENVELOPE_SECURITY')

    // A store takes the mark away, or puts it on: the header is authenticated.
    for (const [envelope, mark] of [
      [pure, false],
      [both, true],
    ] as const) {
      const parts = partsOf(envelope)
      const headers = new Map(decodeStrict(parts.header, refused) as CborMap)
      if (mark) headers.set(-77005, 1)
      else headers.delete(-77005)
      parts.header = encodeCbor(headers)
      const changed = assemble(parts)
      expect(await codeOf(opened(name, changed, reader))).toBe('ERR_ENVELOPE_OPEN_FAILED')
      const code = await codeOf(opened(name, changed, reader, strong))
      expect(code).toBe(mark ? 'ERR_ENVELOPE_OPEN_FAILED' : 'ERR_ENVELOPE_SECURITY')
    }

    // Rekeying sets it anew, and does not put it on where a classical reader stays.
    const rekeyed = await rekey(both, {
      as: reader,
      recipients: [encryption],
      remove: [weak],
    })
    expect((await opened(name, rekeyed, reader, strong)).security).toBe(strong)
  })
})
