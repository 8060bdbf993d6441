import { describe, expect, it } from 'vitest'
import { r6Json, r6JsonStatic, raw } from '../../src/fhir/index.ts'
import { openRecord, sealRecord } from '../../src/index.ts'
import { es256, keyDirectory, mlDsa65, x25519, xWing } from '../../src/keys/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'

const observation = '{"resourceType":"Observation","status":"final","valueDecimal":7.20}'

describe('a record', () => {
  it('comes out byte for byte as it went in, with everything that was said of it', async () => {
    const [chen, okafor] = [await person(1, xWing), await person(2, xWing)]
    const now = new Date('2026-03-04T05:06:07.890Z')
    const sealed = await sealRecord(observation, {
      author: chen,
      recipients: [chen.public, okafor.public],
      subject: new Uint8Array(32).fill(5),
      securityLabels: ['R', 'PSY', 'R', 'é'],
      now,
    })
    expect(sealed.notes).toEqual([])
    const authors = keyDirectory([{ identity: chen.public, name: 'Dr Chen' }])
    const opened = await openRecord(sealed.envelope, { as: okafor, authors })
    expect(text(opened.content)).toBe(observation)
    expect(opened.id).toBe(sealed.id)
    expect(opened.commitment).toEqual(sealed.commitment)
    expect(opened.mediaType).toBe('application/fhir+json')
    expect(opened.authors.map(({ name }) => name)).toEqual(['Dr Chen'])
    expect(opened.addressed).toBe('original')
    expect(opened.security).toBe('post-quantum')
    expect(opened.logged).toBeNull()
    const { canonicalization, createdAt, subject, securityLabels, amends } = opened.manifest
    expect(canonicalization).toBe('lossless/1')
    expect(createdAt).toEqual(new Date('2026-03-04T05:06:07Z'))
    expect(subject).toEqual(new Uint8Array(32).fill(5))
    expect(securityLabels).toEqual(['PSY', 'R', 'é'])
    expect(amends).toBeNull()
  })

  it.each([
    ['empty text', '', 'text/plain', 'raw'],
    ['text', 'Grüße aus der Klinik', 'text/plain', 'raw'],
    [
      'a FHIR XML resource',
      '<Patient xmlns="http://hl7.org/fhir"/>',
      'application/fhir+xml',
      'raw',
    ],
    [
      'FHIR JSON with white space',
      ' {\n"resourceType" : "Patient" }\n',
      'application/fhir+json',
      'lossless/1',
    ],
  ])('takes %s', async (_, content, mediaType, canonicalization) => {
    const chen = await person(1)
    const { envelope, notes } = await sealRecord(content, {
      author: chen,
      recipients: [chen.public],
      mediaType,
    })
    expect(notes).toEqual([])
    const opened = await openRecord(envelope, { as: chen, authors: keyDirectory([chen.public]) })
    expect(text(opened.content)).toBe(content)
    expect(opened.mediaType).toBe(mediaType)
    expect(opened.manifest.canonicalization).toBe(canonicalization)
  })

  it('takes bytes that are no text', async () => {
    const chen = await person(1)
    const content = Uint8Array.from({ length: 1000 }, (_, i) => i)
    const options = { author: chen, recipients: [chen.public], mediaType: 'application/dicom' }
    const { envelope } = await sealRecord(content, options)
    const opened = await openRecord(envelope, { as: chen, authors: keyDirectory([chen.public]) })
    expect(opened.content).toEqual(content)
  })

  it('is sealed as it is where FHIR JSON is sloppy, and a note says why', async () => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public] }
    const authors = keyDirectory([chen.public])
    for (const [sloppy, code] of [
      ['{"resourceType":"Patient","active":null}', 'ERR_FHIR_REFUSED'],
      ['{"resourceType":"Patient","id":"a","id":"b"}', 'ERR_FHIR_MALFORMED'],
      ['\ufeff{"resourceType":"Patient"}', 'ERR_FHIR_MALFORMED'],
      ['not JSON at all', 'ERR_FHIR_MALFORMED'],
    ] as const) {
      const { envelope, notes } = await sealRecord(sloppy, options)
      expect(notes.map((note) => note.code)).toEqual(['sealed-as-raw'])
      const opened = await openRecord(envelope, { as: chen, authors })
      expect(text(opened.content)).toBe(sloppy)
      expect(opened.manifest.canonicalization).toBe('raw')
      await expectCode(sealRecord(sloppy, { ...options, strict: true }), code)
    }
  })

  it('opens with a canonicalization that is passed in, and only then', async () => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public], canonicalization: r6Json }
    const authors = keyDirectory([chen.public])
    const { envelope } = await sealRecord('{"resourceType":"Patient","n":1}', options)
    await expectCode(openRecord(envelope, { as: chen, authors }), 'ERR_RECORD_INVALID')
    const opened = await openRecord(envelope, { as: chen, authors, canonicalizations: [r6Json] })
    expect(opened.manifest.canonicalization).toBe('r6/json')
  })

  it('refuses canonicalizations that leave content out', async () => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public] }
    const lossy = sealRecord(observation, { ...options, canonicalization: r6Json })
    await expectCode(lossy, 'ERR_FHIR_LOSSY')
    const partial = sealRecord(observation, { ...options, canonicalization: r6JsonStatic })
    await expect(partial).rejects.toThrow(RangeError)
    const bare = await sealRecord(observation, { ...options, canonicalization: raw })
    const opened = await openRecord(bare.envelope, {
      as: chen,
      authors: keyDirectory([chen.public]),
    })
    expect(opened.manifest.canonicalization).toBe('raw')
  })

  it('names the version that it replaces', async () => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public] }
    const first = await sealRecord(observation, options)
    const second = await sealRecord(observation, { ...options, amends: first.id })
    const opened = await openRecord(second.envelope, {
      as: chen,
      authors: keyDirectory([chen.public]),
    })
    expect(opened.manifest.amends).toBe(first.id)
    const bad = sealRecord(observation, { ...options, amends: `${first.id}a` })
    await expect(bad).rejects.toThrow('amends must be the id of a record')
  })

  it('is signed by several, and all of them are verified', async () => {
    const [ed, es, ml] = [
      await person(1),
      await person(2, x25519, es256),
      await person(3, x25519, mlDsa65),
    ]
    const { envelope } = await sealRecord(observation, {
      authors: [ed, es, ml],
      recipients: [ed.public],
    })
    const all = keyDirectory([ed.public, es.public, ml.public])
    const opened = await openRecord(envelope, { as: ed, authors: all })
    expect(opened.authors.length).toBe(3)
    for (const missing of [ed, es, ml]) {
      const some = keyDirectory(
        [ed, es, ml].filter((one) => one !== missing).map((one) => one.public),
      )
      await expectCode(
        openRecord(envelope, { as: ed, authors: some }),
        'ERR_ENVELOPE_AUTHOR_UNTRUSTED',
      )
    }
  })

  it('goes into a log at once, and its receipt proves it', async () => {
    const chen = await person(1)
    const { log, trust } = await testLog()
    const sealed = await sealRecord(observation, { author: chen, recipients: [chen.public], log })
    expect(sealed.index).toBe(1)
    const proof = { receipt: sealed.receipt, trust }
    const opened = await openRecord(sealed.envelope, {
      as: chen,
      authors: keyDirectory([chen.public]),
      proof,
    })
    expect(opened.logged).toMatchObject({ origin: 'hospital.example/log', index: 1, size: 2 })
    expect(opened.logged?.assurance).toBe('log-only')
    expect(opened.logged?.existedBefore).toBeNull()
  })
})

describe('limits and wrong arguments', () => {
  it('refuses more than 16 MiB and names the way for it', async () => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public], mediaType: 'application/dicom' }
    const error = await sealRecord(new Uint8Array(16 * 1024 * 1024 + 1), options).catch((e) => e)
    expect(error.code).toBe('ERR_CONTENT_TOO_LARGE')
    expect(error.message).toContain('sealRecordStream')
    const { envelope } = await sealRecord(new Uint8Array(16 * 1024 * 1024), options)
    const opened = await openRecord(envelope, { as: chen, authors: keyDirectory([chen.public]) })
    expect(opened.content.length).toBe(16 * 1024 * 1024)
  })

  it('refuses arguments of the wrong type or size, by name', async () => {
    const chen = await person(1)
    const good = { author: chen, recipients: [chen.public] }
    for (const [change, message] of [
      [{ author: undefined }, 'author or authors must be given'],
      [{ author: {} }, 'author must be'],
      [{ recipients: [] }, 'recipients must hold'],
      [{ recipients: [chen.public, chen.public] }, 'one reader twice'],
      [{ subject: new Uint8Array(0) }, 'subject must be'],
      [{ subject: new Uint8Array(65) }, 'subject must be'],
      [{ subject: 'Mara' }, 'subject must be'],
      [{ securityLabels: 'R' }, 'securityLabels must be'],
      [{ securityLabels: [7] }, 'securityLabels must be'],
      [{ mediaType: 7 }, 'mediaType must be'],
      [{ amends: 'x' }, 'amends must be'],
      [{ keyIds: 'secret' }, 'keyIds must be'],
      [{ now: new Date(Number.NaN) }, 'now must be'],
      [{ canonicalization: 'raw' }, 'canonicalization must be'],
      [{ recipients: chen.public }, 'recipients must be an array'],
      [{ recipients: [chen] }, 'pass its .public'],
      [{ subjet: new Uint8Array(32) }, 'unknown option subjet; there are author'],
      [{ Log: {} }, 'unknown option Log'],
      [{ log: memoryStore() }, 'log must be a log from openLog'],
      [{ signal: new AbortController() }, 'signal must be an AbortSignal'],
    ] as const) {
      const options = { ...good, ...change } as unknown as typeof good
      await expect(sealRecord(observation, options), message).rejects.toThrow(message)
    }
    await expect(sealRecord('\ud800', good)).rejects.toThrow('lone surrogates')
    await expect(sealRecord(observation, undefined as never)).rejects.toThrow('options must be')
    const object = { resourceType: 'Patient' } as unknown as string
    await expect(sealRecord(object, good)).rejects.toThrow('a Uint8Array or a string')
    const { envelope } = await sealRecord(observation, good)
    for (const [change, message] of [
      [{ minimumSecurty: 'post-quantum' }, 'unknown option minimumSecurty'],
      [{ prof: {} }, 'unknown option prof'],
      [{ authors: [chen.public] }, 'authors must be a key directory'],
    ] as const) {
      const options = { as: chen, authors: keyDirectory([chen.public]), ...change } as never
      await expect(openRecord(envelope, options), message).rejects.toThrow(message)
    }
    await expect(sealRecord(7 as unknown as string, good)).rejects.toThrow('content must be')
  })

  it('aborts with the reason of the signal', async () => {
    const chen = await person(1)
    const signal = AbortSignal.abort(new Error('the user went away'))
    const options = { author: chen, recipients: [chen.public], signal }
    await expect(sealRecord(observation, options)).rejects.toThrow('the user went away')
    const { envelope } = await sealRecord(observation, {
      ...options,
      signal: new AbortController().signal,
    })
    const authors = keyDirectory([chen.public])
    await expect(openRecord(envelope, { as: chen, authors, signal })).rejects.toThrow(
      'the user went away',
    )
  })

  it('does not see what happens to the content while it is signed', async () => {
    const chen = await person(1)
    const content = utf8(observation)
    const slow = {
      publicKey: chen.signer.publicKey,
      async sign(message: Uint8Array) {
        content.fill(0)
        return chen.signer.sign(message)
      },
    }
    const { envelope } = await sealRecord(content, { author: slow, recipients: [chen.public] })
    const opened = await openRecord(envelope, { as: chen, authors: keyDirectory([chen.public]) })
    expect(text(opened.content)).toBe(observation)
  })

  it('tells records from other content, and names the function for it', async () => {
    const { open, seal } = await import('../../src/envelope/index.ts')
    const chen = await person(1)
    const authors = keyDirectory([chen.public])
    const note = await seal(utf8('note'), { recipients: [chen.public], author: chen })
    await expect(openRecord(note, { as: chen, authors })).rejects.toThrow(
      'use open of careseal/envelope',
    )
    const record = await sealRecord(observation, { author: chen, recipients: [chen.public] })
    await expect(open(record.envelope, { as: chen, authors })).rejects.toThrow('use openRecord')
  })
})
