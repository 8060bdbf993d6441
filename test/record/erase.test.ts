import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { verifyEvent } from '../../src/consent/index.ts'
import { attachWraps, detachWraps, inspect, open } from '../../src/envelope/index.ts'
import { digest, raw, sha512 } from '../../src/fhir/index.ts'
import {
  eraseRecord,
  explainErasure,
  issueReceipt,
  logRecords,
  openRecord,
  sealRecord,
  shareRecord,
  verifyReceipt,
} from '../../src/index.ts'
import { equalBytes } from '../../src/internal/bytes.ts'
import { type CborValue, decodeStrict, encodeCbor } from '../../src/internal/cbor/index.ts'
import { sign } from '../../src/internal/cose/signed.ts'
import { openPlaintext } from '../../src/internal/envelope/opening.ts'
import { readerKeys } from '../../src/internal/envelope/reader.ts'
import { openingHash, recordCommitment } from '../../src/internal/record/opening.ts'
import { type Identity, keyDirectory, x25519 } from '../../src/keys/index.ts'
import { decodeRecord } from '../../src/record/layout.ts'
import {
  audienceHash,
  decodeManifest,
  headHash,
  type ManifestFields,
} from '../../src/record/manifest.ts'
import { directoryStore } from '../../src/store/fs/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'
import { refused } from '../helpers/cbor.ts'
import { codeOf } from '../helpers/errors.ts'
import { kemKey, person } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'

/** Every byte string of 32 bytes in CBOR, and what stands at every 32 bytes of other files or in base64 lines. */
function strings(remains: ReadonlyMap<string, Uint8Array>): Uint8Array[] {
  const found = new Map<string, Uint8Array>()
  const add = (bytes: Uint8Array): void => {
    if (bytes.length === 32) found.set(toHex(bytes), bytes)
  }
  for (const bytes of remains.values()) {
    for (let i = 0; i + 34 <= bytes.length; i++) {
      if (bytes[i] === 0x58 && bytes[i + 1] === 32) add(bytes.slice(i + 2, i + 34))
    }
    for (let i = 0; i < Math.min(bytes.length, 4096); i += 32) add(bytes.slice(i, i + 32))
    const text = new TextDecoder('latin1').decode(bytes)
    for (const [line] of text.matchAll(/[A-Za-z0-9+/]{43}=/g)) {
      add(new Uint8Array(Buffer.from(line, 'base64')))
    }
  }
  return [...found.values()]
}

/** Where bytes stand: as they are, in hexadecimal, in base64 at any alignment. */
function whereFound(remains: ReadonlyMap<string, Uint8Array>, secret: Uint8Array): string[] {
  const bytes = Buffer.from(secret)
  const shifted = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift === 0 ? 0 : 4)
      .slice(0, Math.floor((secret.length * 4) / 3) - 4),
  )
  const texts = [bytes.toString('hex'), ...shifted]
  return [...remains].flatMap(([name, content]) => {
    const held = Buffer.from(content)
    const text = held.toString('latin1').replaceAll('-', '+').replaceAll('_', '/')
    return held.includes(bytes) || texts.some((form) => text.includes(form)) ? [name] : []
  })
}

function decodeItems(bytes: Uint8Array): CborValue[] {
  return decodeStrict(bytes, refused) as CborValue[]
}

const content =
  '{"resourceType":"Observation","status":"final","code":{"text":"HIV-1 RNA"},"valueString":"detected"}'
const subject = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256)

describe('eraseRecord', () => {
  it('takes what sealRecord and openRecord give, an id or a commitment', async () => {
    const chen = await person(1)
    const authors = keyDirectory([chen.public])
    const sealed = await sealRecord(content, { author: chen, recipients: [chen.public] })
    const opened = await openRecord(sealed.envelope, { as: chen, authors })
    const { id, commitment } = sealed
    const now = new Date('2026-05-05T10:00:00Z')
    const copies = { destroyed: [{ what: 'envelope', where: 'db' }], remaining: [] } as const
    for (const record of [sealed, opened, { id }, { commitment }, { id, commitment }]) {
      const { bytes } = await eraseRecord(record, { author: chen, ...copies, now })
      const { event, time } = await verifyEvent(bytes, { authors, type: 'erasure' })
      expect(event.record).toBe(id)
      expect(time).toEqual(now)
    }
    const attempt = (record: unknown): Promise<unknown> =>
      eraseRecord(record as never, { author: chen, ...copies })
    const other = await sealRecord(content, { author: chen, recipients: [chen.public] })
    await expect(attempt({ id, commitment: other.commitment })).rejects.toThrow('of one record')
    await expect(attempt({})).rejects.toThrow(TypeError)
    await expect(attempt(null)).rejects.toThrow(TypeError)
    await expect(attempt(id)).rejects.toThrow(TypeError)
    await expect(attempt({ id: 'x' })).rejects.toThrow('record.id')
    await expect(attempt({ id: 7 })).rejects.toThrow('record.id')
    await expect(attempt({ commitment: new Uint8Array(31) })).rejects.toThrow('record.commitment')
    await expect(
      eraseRecord({ id }, { author: chen, ...copies, logs: 1 } as never),
    ).rejects.toThrow('unknown option logs')
    const reason = new Error('enough')
    const signal = AbortSignal.abort(reason)
    await expect(eraseRecord({ id }, { author: chen, ...copies, signal })).rejects.toBe(reason)
  })

  it('enters the certificate into the log, as an entry that tells nothing', async () => {
    const chen = await person(1)
    const { log, trust } = await testLog()
    const record = await sealRecord(content, { author: chen, recipients: [chen.public], log })
    const certificate = await eraseRecord(record, {
      author: chen,
      destroyed: [{ what: 'envelope', where: 'db' }],
      remaining: [],
      log,
    })
    const { commitment, receipt, index } = certificate
    expect((await verifyReceipt(receipt, { commitment, trust })).index).toBe(index)
    const entries: Uint8Array[] = []
    for await (const entry of log.read(0, index + 1)) entries.push(entry)
    expect(entries[index]).toEqual(commitment)
  })

  it('refuses texts that show the handle or the digest of an opened record', async () => {
    const chen = await person(1)
    const authors = keyDirectory([chen.public])
    const recipients = [chen.public]
    const handle = utf8('MRN-0012-77')
    for (const secret of [subject, handle]) {
      const { envelope } = await sealRecord(content, { author: chen, recipients, subject: secret })
      const opened = await openRecord(envelope, { as: chen, authors })
      const known = Buffer.from(opened.manifest.digest)
      const bytes = Buffer.from(secret)
      const telling = [known, bytes].flatMap((value) => [
        value.toString('hex'),
        value.toString('hex').toUpperCase(),
        value.toString('hex').replace(/..(?!$)/g, '$&:'),
        value.toString('base64').replace(/=+$/, ''),
        value.toString('base64'),
        value.toString('base64url'),
      ])
      if (secret === handle) telling.push('patient mrn-0012-77', 'folder/MRN 0012 77/1')
      for (const text of telling) {
        for (const copy of [
          { what: 'blob', where: `of ${text}.` },
          { what: 'blob', where: 'bucket', note: `of ${text}.` },
        ] as const) {
          const fine = { what: 'envelope', where: 'db' } as const
          const first = eraseRecord(opened, { author: chen, destroyed: [copy], remaining: [] })
          await expect(first, text).rejects.toThrow(RangeError)
          const second = eraseRecord(opened, { author: chen, destroyed: [fine], remaining: [copy] })
          await expect(second).rejects.toThrow('must not hold')
          const error = (await second.catch((reason: unknown) => reason)) as Error
          expect(error.message).not.toContain(text)
        }
      }
    }
    // A handle of two bytes stands in words by chance.
    const { envelope } = await sealRecord(content, {
      author: chen,
      recipients,
      subject: utf8('db'),
    })
    const opened = await openRecord(envelope, { as: chen, authors })
    const copies = { destroyed: [{ what: 'envelope', where: 'main db' }], remaining: [] } as const
    await eraseRecord(opened, { author: chen, ...copies })
  })

  it('is not moved by a polluted prototype', async () => {
    const chen = await person(1)
    const { id } = await sealRecord(content, { author: chen, recipients: [chen.public] })
    const other = await sealRecord(content, { author: chen, recipients: [chen.public] })
    const polluted: Record<string, unknown> = {
      id: other.id,
      commitment: other.commitment,
      log: { append: () => [] },
      note: 'polluted',
      until: new Date(0),
      signal: AbortSignal.abort(),
      now: new Date(0),
      manifest: { subject: utf8('main database') },
    }
    Object.assign(Object.prototype, polluted)
    try {
      const certificate = await eraseRecord(
        { id },
        {
          author: chen,
          destroyed: [{ what: 'envelope', where: 'main database' }],
          remaining: [{ what: 'backup', where: 'vault' }],
        },
      )
      const authors = keyDirectory([chen.public])
      const { event, time } = await verifyEvent(certificate.bytes, { authors, type: 'erasure' })
      expect(event.record === id && time.getTime() > 1e12).toBe(true)
      expect(Object.keys(event.destroyed[0]!).join()).toBe('what,where')
      expect(Object.keys(event.remaining[0]!).join()).toBe('what,where')
      expect(Object.keys(certificate).join()).toBe('id,commitment,bytes')
    } finally {
      for (const name of Object.keys(polluted))
        delete (Object.prototype as Record<string, unknown>)[name]
    }
  })
})

describe('eraseRecord before it signs', () => {
  it('finds a handle however it is spelled', async () => {
    const chen = await person(1)
    const subject = utf8('MRN-4711-müller')
    const sealed = await sealRecord(content, { author: chen, recipients: [chen.public], subject })
    const authors = keyDirectory([chen.public])
    const opened = await openRecord(sealed.envelope, { as: chen, authors })
    const attempt = (where: string): Promise<unknown> =>
      eraseRecord(opened, {
        author: chen,
        destroyed: [{ what: 'blob', where }],
        remaining: [],
      })
    for (const text of [
      'MRN-4711-müller'.normalize('NFD'),
      'mrn.4711.muller',
      'MRN_4711_MÜLLER',
      'a/MRN/4711/müller/b',
      'ＭＲＮ４７１１müller',
      encodeURIComponent('MRN-4711-müller'),
      'MRN–4711·müller',
    ]) {
      await expect(attempt(text), text).rejects.toThrow('must not hold')
    }
    await attempt('bucket 4711, Müller building')
  })

  it('looks at the log and at all copies', async () => {
    const chen = await person(1)
    const { id } = await sealRecord(content, { author: chen, recipients: [chen.public] })
    let signed = 0
    const author = {
      publicKey: chen.signer.publicKey,
      sign: (message: Uint8Array) => {
        signed++
        return chen.signer.sign(message)
      },
    }
    const fine = { author, destroyed: [{ what: 'envelope', where: 'db' }], remaining: [] } as const
    const bad = [{ log: {} }, { log: null }, { destroyed: [null] }, { remaining: ['x'] }]
    for (const options of bad) {
      await expect(eraseRecord({ id }, { ...fine, ...options } as never)).rejects.toThrow(TypeError)
    }
    expect(signed).toBe(0)
    await eraseRecord({ id }, fine)
    expect(signed).toBe(1)
  })
})

describe('explainErasure', () => {
  it('says what is certified, by whom, what remains, and what cannot be certified', async () => {
    const chen = await person(1)
    const { id } = await sealRecord(content, { author: chen, recipients: [chen.public] })
    const { bytes } = await eraseRecord(
      { id },
      {
        author: chen,
        now: new Date('2026-05-05T10:00:00Z'),
        destroyed: [{ what: 'wraps', where: 'main database' }],
        remaining: [
          { what: 'backup', where: 'vault', note: 'encrypted', until: new Date('2027-03-01') },
        ],
      },
    )
    const authors = keyDirectory([{ identity: chen.public, name: 'Example Hospital' }])
    const verified = await verifyEvent(bytes, { authors })
    const lines = explainErasure(verified).split('\n')
    expect(lines.slice(0, 4)).toEqual([
      `Example Hospital certifies, as of 2026-05-05T10:00:00.000Z, that these copies of the record ${id} were destroyed:`,
      '- the wrapped keys to the sealed content: "main database"',
      'These copies are known to remain:',
      '- a backup: "vault", until 2027-03-01 ("encrypted")',
    ])
    expect(lines.join(' ')).toContain('not a proof of deletion')
    // Nobody who got the result can make it say another date.
    verified.time.setUTCFullYear(1999)
    const { event } = verified
    if (event.type === 'erasure') event.remaining[0]!.until!.setUTCFullYear(1999)
    expect(explainErasure(verified).split('\n')).toEqual(lines)
    const { bytes: clean } = await eraseRecord(
      { id },
      { author: chen, destroyed: [{ what: 'key', where: 'HSM' }], remaining: [] },
    )
    expect(explainErasure(await verifyEvent(clean, { authors }))).toContain('No copy is known')
    expect(() => explainErasure({ ...verified })).toThrow(TypeError)
    const share = await shareRecord(
      (await sealRecord(content, { author: chen, recipients: [chen.public] })).envelope,
      { as: chen, recipients: [(await kemKey(x25519, 9)).publicKey] },
    )
    const shared = await verifyEvent(share.event.bytes, { authors })
    expect(() => explainErasure(shared)).toThrow('of the type erasure')
  })
})

describe('after an erasure', () => {
  const folders: string[] = []
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true })
  })

  /** A record that was sealed, logged and shared, whose wraps were destroyed; and all that is left of it. */
  async function erased(): Promise<{
    chen: Identity
    okafor: Identity
    body: Uint8Array
    remains: Map<string, Uint8Array>
    commitment: Uint8Array
    envelopeId: Uint8Array
    fields: ManifestFields
    signature: Uint8Array
  }> {
    const folder = await mkdtemp(join(tmpdir(), 'careseal-erase-'))
    folders.push(folder)
    const [chen, okafor] = [await person(1), await person(2)]
    const { log } = await testLog(directoryStore(folder))
    const options = { author: chen, recipients: [chen.public], subject, log }
    const { envelope, receipt, commitment, id } = await sealRecord(content, options)
    const shared = await shareRecord(envelope, { as: chen, recipients: [okafor.public] })
    await logRecords([shared.event], { log })
    const { body, wraps } = detachWraps(shared.envelope)
    const { envelopeId } = inspect(envelope)
    const opening = { externalAad: new Uint8Array(0), profile: 'careseal' } as const
    const { plaintext } = await openPlaintext(envelope, readerKeys(chen), opening)
    const { manifest, signature } = decodeRecord(plaintext)
    // Both open now; then every copy of the wraps is destroyed.
    const authors = keyDirectory([chen.public])
    await openRecord(attachWraps(body, wraps), { as: okafor, authors })
    for (const copy of [wraps, envelope, shared.envelope]) copy.fill(0)
    const certificate = await eraseRecord(
      { id },
      {
        author: chen,
        destroyed: [{ what: 'wraps', where: 'main database' }],
        remaining: [{ what: 'body', where: 'immutable bucket' }],
        log,
      },
    )
    const later = await issueReceipt(1, { log, commitment })
    await log.close()
    const remains = new Map([
      ['body', body],
      ['receipt', receipt],
      ['later receipt', later],
      ['share', shared.event.bytes],
      ['certificate', certificate.bytes],
      ['receipt of the certificate', certificate.receipt],
    ])
    for (const name of await readdir(folder, { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue
      const path = join(name.parentPath, name.name)
      remains.set(path, new Uint8Array(await readFile(path)))
    }
    const fields = decodeManifest(manifest)
    return { chen, okafor, body, remains, commitment, envelopeId, fields, signature }
  }

  it('what remains does not open, with the keys of its readers in hand', async () => {
    const { chen, okafor, body, remains } = await erased()
    const authors = keyDirectory([chen.public])
    for (const bytes of remains.values()) {
      for (const as of [chen, okafor]) {
        expect(await codeOf(openRecord(bytes, { as, authors }))).toBe('ERR_ENVELOPE_MALFORMED')
      }
    }
    // Wraps of another record of the same readers, under the headers of this body.
    const other = await sealRecord(content, {
      author: chen,
      recipients: [chen.public, okafor.public],
      keyIds: 'plain',
    })
    const [domain, header, iv] = decodeItems(body)
    const entries = decodeItems(detachWraps(other.envelope).wraps)[3]!
    expect(domain).toBe('careseal/body/1')
    const forged = attachWraps(body, encodeCbor(['careseal/wraps/1', header!, iv!, entries]))
    for (const as of [chen, okafor]) {
      expect(await codeOf(open(forged, { as, authors }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
  })

  it('holds nothing of the content, the digest, the handle or the salts, in any spelling', async () => {
    const { remains, fields, signature, commitment } = await erased()
    const secrets = {
      content: utf8('HIV-1 RNA'),
      subject,
      'lossless digest': digest(content).value,
      'raw digest': digest(content, { canonicalization: raw }).value,
      'sha-512 digest': digest(content, { hash: sha512 }).value,
      'content hash': new Uint8Array(createHash('sha256').update(content).digest()),
      'handle hash': new Uint8Array(createHash('sha256').update(subject).digest()),
      'opening salt': fields.salt,
      'head salt': fields.headSalt,
      'head hash': headHash(fields, utf8(content)),
      'audience hash': audienceHash(fields)!,
      'opening hash': opened(fields),
      signature: signature.slice(-64),
    }
    expect(digest(content).value).toEqual(fields.digest)
    for (const [name, secret] of Object.entries(secrets)) {
      expect(whereFound(remains, secret), name).toEqual([])
    }
    // The same search finds what is there.
    expect(whereFound(remains, commitment)).toEqual(
      expect.arrayContaining(['receipt', 'share', 'certificate']),
    )
    expect(whereFound(remains, commitment).some((path) => path.includes('tile'))).toBe(true)
  })

  it('is linked to the content only by who still has both salts', async () => {
    const { chen, remains, commitment, envelopeId, fields } = await erased()
    // The attacker knows the content, its digest, the handle, the time, the readers at sealing, the envelope's id
    // from the body, and even holds the author's signing key, so that all but the salts can be computed again.
    const known = { ...fields, digest: digest(content).value, subject }
    const guess = async (salt: Uint8Array, headSalt: Uint8Array): Promise<Uint8Array> => {
      const guessed = { ...known, salt, headSalt }
      const headers = new Map([
        [-77001, envelopeId],
        [-77003, audienceHash(guessed)],
      ])
      const payload = opened(guessed)
      const signature = encodeCbor(await sign([chen.signer], { kind: 'record', headers, payload }))
      return recordCommitment(payload, signature)
    }
    expect(await guess(fields.salt, fields.headSalt)).toEqual(commitment)
    // Whatever 32 bytes are left anywhere, taken as one of the salts, with the other one given away.
    const candidates = [new Uint8Array(32), known.digest, subject, ...strings(remains)]
    expect(candidates.length).toBeGreaterThan(30)
    for (const there of [commitment, envelopeId]) {
      expect(candidates.some((candidate) => equalBytes(candidate, there))).toBe(true)
    }
    for (const candidate of candidates) {
      for (const pair of [
        [candidate, fields.headSalt],
        [fields.salt, candidate],
        [candidate, candidate],
      ] as const) {
        expect(equalBytes(await guess(...pair), commitment)).toBe(false)
      }
    }
    // Without salts at all.
    const plain = [
      known.digest,
      subject,
      createHash('sha256').update(content).digest(),
      openingHash({ ...known, eventType: 'record', headHash: null, salt: new Uint8Array(0) }),
    ].flatMap((value) => [value, createHash('sha256').update(value).digest()])
    for (const value of plain) expect(whereFound(remains, new Uint8Array(value))).toEqual([])
  })

  function opened(fields: ManifestFields): Uint8Array {
    return openingHash({
      ...fields,
      eventType: 'record',
      headHash: headHash(fields, utf8(content)),
    })
  }
})
