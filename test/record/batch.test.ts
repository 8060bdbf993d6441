import { describe, expect, it, vi } from 'vitest'
import { rewrap } from '../../src/envelope/index.ts'
import { openRecord, type RecordInput, sealRecords, verifyReceipt } from '../../src/index.ts'
import { type Identity, keyDirectory } from '../../src/keys/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { text } from '../helpers/bytes.ts'
import { expectCode } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'

const content = (i: number): string => `{"resourceType":"Observation","id":"o${i}"}`
const inputs = (count: number): RecordInput<number>[] =>
  Array.from({ length: count }, (_, key) => ({ key, content: content(key) }))

async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of source) all.push(item)
  return all
}

describe('a batch of records', () => {
  it('yields every record with its key, in order, and each opens', async () => {
    const [chen, okafor] = [await person(1), await person(2)]
    const options = { author: chen, recipients: [chen.public, okafor.public], batchSize: 4 }
    const batches = await collect(sealRecords(inputs(10), options))
    expect(batches.map(({ records }) => records.map(({ key }) => key))).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ])
    const authors = keyDirectory([chen.public])
    for (const { key, id, envelope } of batches.flatMap(({ records }) => records)) {
      const opened = await openRecord(envelope, { as: okafor, authors })
      expect(text(opened.content)).toBe(content(key))
      expect(opened.id).toBe(id)
      expect(opened.addressed).toBe('original')
    }
  })

  it('enters each batch into the log under one checkpoint, with a receipt for each record', async () => {
    const chen = await person(1)
    const { log, trust } = await testLog()
    const options = { author: chen, recipients: [chen.public], batchSize: 3, log }
    const batches = await collect(sealRecords(inputs(7), options))
    const records = batches.flatMap((batch) => batch.records)
    expect(records.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7])
    const sizes: number[] = []
    for (const { receipt, commitment } of records) {
      sizes.push((await verifyReceipt(receipt, { commitment, trust })).size)
    }
    expect(sizes).toEqual([4, 4, 4, 7, 7, 7, 8])
    const [first, second] = records
    const swapped = verifyReceipt(first!.receipt, { commitment: second!.commitment, trust })
    await expectCode(swapped, 'ERR_RECEIPT_INVALID')
  })

  it('keeps one bad record from harming the others', async () => {
    const [chen, okafor] = [await person(1), await person(2)]
    const some: RecordInput<string>[] = [
      { key: 'good', content: content(1) },
      { key: 'sloppy', content: '{"resourceType":"Patient","id":"a","id":"b"}' },
      { key: 'no readers', content: content(2), recipients: [] },
      { key: 'no content', content: 7 as unknown as string },
      { key: 'own reader', content: content(3), recipients: [okafor.public] },
    ]
    const options = { author: chen, recipients: [chen.public], strict: true }
    const [batch] = await collect(sealRecords(some, options))
    expect(batch!.records.map(({ key }) => key)).toEqual(['good', 'own reader'])
    expect(batch!.failed.map(({ key }) => key)).toEqual(['sloppy', 'no readers', 'no content'])
    const authors = keyDirectory([chen.public])
    const own = batch!.records[1]!.envelope
    expect(text((await openRecord(own, { as: okafor, authors })).content)).toBe(content(3))
    await expectCode(openRecord(own, { as: chen, authors }), 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND')
  })

  it('takes what an input says before what the call says', async () => {
    const chen = await person(1)
    const subject = new Uint8Array([1])
    const some = [
      { key: 1, content: 'a', mediaType: 'text/plain', securityLabels: ['N'], subject },
      { key: 2, content: content(2) },
    ]
    const options = {
      author: chen,
      recipients: [chen.public],
      securityLabels: ['R'],
      subject: new Uint8Array([2]),
    }
    const [batch] = await collect(sealRecords(some, options))
    const authors = keyDirectory([chen.public])
    const opened = await Promise.all(
      batch!.records.map(({ envelope }) => openRecord(envelope, { as: chen, authors })),
    )
    expect(opened.map(({ mediaType }) => mediaType)).toEqual([
      'text/plain',
      'application/fhir+json',
    ])
    expect(opened.map(({ manifest }) => manifest.securityLabels)).toEqual([['N'], ['R']])
    expect(opened.map(({ manifest }) => manifest.subject)).toEqual([subject, new Uint8Array([2])])
  })

  it('lets a reader who is added to one record open no other', async () => {
    const [chen, okafor] = [await person(1), await person(2)]
    const [batch] = await collect(
      sealRecords(inputs(3), { author: chen, recipients: [chen.public] }),
    )
    const authors = keyDirectory([chen.public])
    const [one, two] = batch!.records
    const shared = await rewrap(one!.envelope, { as: chen, add: [okafor.public] })
    expect(text((await openRecord(shared, { as: okafor, authors })).content)).toBe(content(0))
    await expectCode(
      openRecord(two!.envelope, { as: okafor, authors }),
      'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
    )
    await expectCode(splice(two!.envelope, shared, okafor, authors), 'ERR_ENVELOPE_OPEN_FAILED')
  })

  it('takes lazy and asynchronous inputs, only as many as it needs', async () => {
    const chen = await person(1)
    let taken = 0
    async function* endless(): AsyncGenerator<RecordInput<number>> {
      for (;;) yield { key: taken++, content: content(taken) }
    }
    for await (const { records } of sealRecords(endless(), {
      author: chen,
      recipients: [chen.public],
      batchSize: 5,
    })) {
      expect(records.length).toBe(5)
      break
    }
    expect(taken).toBe(5)
  })

  it('passes on what goes wrong with the inputs or the log', async () => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public] }
    const { log } = await testLog()
    await log.close()
    await expectCode(collect(sealRecords(inputs(2), { ...options, log })), 'ERR_LOG_CLOSED')
    function* broken(): Generator<RecordInput<number>> {
      yield { key: 1, content: content(1) }
      throw new Error('the database went away')
    }
    await expect(collect(sealRecords(broken(), options))).rejects.toThrow('the database went away')
    expect(await collect(sealRecords([], options))).toEqual([])
  })

  it('hands out what the log has before it reports what failed after it', async () => {
    const chen = await person(1)
    const { log } = await testLog()
    const options = { author: chen, recipients: [chen.public], batchSize: 2, log }
    let closed = 0
    function* broken(count: number): Generator<RecordInput<number>> {
      try {
        yield* inputs(count)
        throw new Error('the database went away')
      } finally {
        closed++
      }
    }
    const keys: number[] = []
    const run = async (count: number): Promise<void> => {
      for await (const { records } of sealRecords(broken(count), options)) {
        keys.push(...records.map(({ key }) => key))
        if (keys.length === 6) await log.close()
      }
    }
    await expect(run(5)).rejects.toThrow('the database went away')
    // The fifth was no batch yet.
    expect(keys).toEqual([0, 1, 2, 3])
    expect(log.size).toBe(5)
    await expectCode(run(9), 'ERR_LOG_CLOSED')
    expect(keys).toEqual([0, 1, 2, 3, 0, 1])
    expect(log.size).toBe(7)
    await expect.poll(() => closed).toBe(2)
  })

  it('hands out a logged batch while the source still waits for it to be stored', async () => {
    const chen = await person(1)
    const { log } = await testLog()
    let stored = -1
    let wake = (): void => {}
    async function* acknowledged(): AsyncGenerator<RecordInput<number>> {
      for (let key = 0; key < 4; key++) {
        yield { key, content: content(key) }
        while (stored < key) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    }
    const options = { author: chen, recipients: [chen.public], batchSize: 1, log }
    for await (const { records } of sealRecords(acknowledged(), options)) {
      stored = records[0]!.key
      wake()
    }
    expect(stored).toBe(3)
  })

  it('ends at once when it is left while the source waits', async () => {
    const chen = await person(1)
    const { log } = await testLog()
    async function* silent(): AsyncGenerator<RecordInput<number>> {
      yield { key: 1, content: content(1) }
      await new Promise(() => {})
    }
    const options = { author: chen, recipients: [chen.public], batchSize: 1, log }
    for await (const { records } of sealRecords(silent(), options)) {
      expect(records.length).toBe(1)
      break
    }
  })

  it('stops waiting for the log when it is aborted', async () => {
    const chen = await person(1)
    const store = memoryStore()
    const { log } = await testLog(store)
    const put = vi.spyOn(store, 'put').mockImplementation(() => new Promise(() => {}))
    const controller = new AbortController()
    const { signal } = controller
    const options = { author: chen, recipients: [chen.public], log, signal }
    const run = collect(sealRecords(inputs(3), options))
    await vi.waitFor(() => expect(put).toHaveBeenCalled())
    controller.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
  })

  it('takes null for no patient, and nothing from a polluted prototype', async () => {
    const [chen, eve] = [await person(1), await person(2)]
    const subject = new Uint8Array(32).fill(7)
    const options = { author: chen, recipients: [chen.public], subject }
    const some = [
      { key: 1, content: content(1), subject: null },
      { key: 2, content: content(2) },
    ]
    const polluted = Object.prototype as unknown as Record<string, unknown>
    polluted['recipients'] = [eve.public]
    polluted['securityLabels'] = ['X']
    try {
      const [batch] = await collect(sealRecords(some, options))
      const authors = keyDirectory([chen.public])
      const opened = await Promise.all(
        batch!.records.map(({ envelope }) => openRecord(envelope, { as: chen, authors })),
      )
      expect(opened.map(({ manifest }) => manifest.subject)).toEqual([null, subject])
      expect(opened.map(({ manifest }) => manifest.securityLabels)).toEqual([[], []])
      for (const { envelope } of batch!.records) {
        await expectCode(
          openRecord(envelope, { as: eve, authors }),
          'ERR_ENVELOPE_RECIPIENT_NOT_FOUND',
        )
      }
    } finally {
      delete polluted['recipients']
      delete polluted['securityLabels']
    }
  })

  it('says of an input that is none that it is none', async () => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public] }
    const some = [{ key: 1, content: content(1) }, null, 'x'] as RecordInput<number>[]
    const [batch] = await collect(sealRecords(some, options))
    expect(batch!.records.map(({ key }) => key)).toEqual([1])
    expect(batch!.failed.map(({ error }) => String(error))).toEqual([
      expect.stringMatching(/^TypeError: an input must be/),
      expect.stringMatching(/^TypeError: an input must be/),
    ])
  })

  it('refuses wrong options before it takes an input', async () => {
    const chen = await person(1)
    const options = { author: chen, recipients: [chen.public] }
    for (const change of [
      { batchSize: 0 },
      { batchSize: 1.5 },
      { batchSize: 10_001 },
      { recipients: [] },
    ]) {
      const never: Iterable<RecordInput<number>> = {
        [Symbol.iterator]() {
          throw new Error('taken')
        },
      }
      await expect(collect(sealRecords(never, { ...options, ...change }))).rejects.toThrow(
        RangeError,
      )
    }
  })

  it('stops when it is aborted', async () => {
    const chen = await person(1)
    const controller = new AbortController()
    const options = {
      author: chen,
      recipients: [chen.public],
      batchSize: 2,
      signal: controller.signal,
    }
    let seen = 0
    const run = async (): Promise<void> => {
      for await (const { records } of sealRecords(inputs(10), options)) {
        seen += records.length
        controller.abort(new Error('enough'))
      }
    }
    await expect(run()).rejects.toThrow('enough')
    expect(seen).toBe(2)
  })
})

/** Puts a reader's entry of one envelope into another one of the same batch. */
async function splice(
  target: Uint8Array,
  source: Uint8Array,
  reader: Identity,
  authors: ReturnType<typeof keyDirectory>,
): Promise<unknown> {
  const { hintOf } = await import('../../src/internal/cose/keyId.ts')
  const { encodeEncrypt, parseEncrypt } = await import('../../src/internal/cose/encrypt.ts')
  const [into, from] = [target, source].map((bytes) =>
    parseEncrypt(bytes, { profile: 'careseal', anyIv: false }),
  )
  const entry = from!.recipients[from!.recipients.length - 1]!
  // The hint that the reader looks for in the target, so that the entry is found at all.
  const kid = hintOf(into!.own!.envelopeId, reader.public.encryption.id)
  const { encodeCbor } = await import('../../src/internal/cbor/index.ts')
  const protectedBytes = encodeCbor(
    new Map<number, number | Uint8Array>([
      [1, entry.alg],
      [4, kid],
    ]),
  )
  const forged = encodeEncrypt(into!, [...into!.recipients, { ...entry, kid, protectedBytes }])
  return openRecord(forged, { as: reader, authors })
}
