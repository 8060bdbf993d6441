import { inspect as show } from 'node:util'
import { expect, it } from 'vitest'
import { inspect } from '../../src/envelope/index.ts'
import {
  explainReceipt,
  explainRecord,
  logRecords,
  openRecord,
  sealRecord,
  shareRecord,
  verifyReceipt,
} from '../../src/index.ts'
import { keyDirectory } from '../../src/keys/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { person } from '../helpers/keys.ts'
import { testLog } from '../helpers/log.ts'

const canary = 'Mara Lindqvist'
const content = `{"resourceType":"Patient","name":[{"text":"${canary}"}],"birthDate":"1961-03-14"}`
const forms = [
  canary,
  Buffer.from(canary).toString('base64').slice(0, 16),
  Buffer.from(canary).toString('hex'),
]

/** Looks for the canary in text, bytes and whatever else. */
function search(what: string, value: unknown): void {
  const text =
    value instanceof Uint8Array
      ? Buffer.from(value).toString('latin1')
      : show(value, { depth: 20, maxStringLength: null, maxArrayLength: null })
  for (const form of forms) expect(text.includes(form), what).toBe(false)
}

it('pitfall 23: a name in a record appears in nothing that leaves it', async () => {
  const [chen, okafor, mallory] = [await person(1), await person(2), await person(3)]
  const store = memoryStore()
  const { log, trust } = await testLog(store)
  const authors = keyDirectory([chen.public])
  const sealed = await sealRecord(content, { author: chen, recipients: [chen.public], log })
  const shared = await shareRecord(sealed.envelope, { as: chen, recipients: [okafor.public] })
  await logRecords([shared.event], { log })
  search('the sealed record', sealed)
  search('the event', shared.event)
  search('inspect', inspect(sealed.envelope))
  for (const bytes of [
    sealed.envelope,
    sealed.receipt,
    sealed.commitment,
    shared.envelope,
    shared.event.bytes,
  ]) {
    search('bytes', bytes)
  }
  for await (const key of store.list('')) search(key, await store.get(key))

  const proof = { receipt: sealed.receipt, trust }
  const opened = await openRecord(sealed.envelope, { as: chen, authors, proof })
  search('explainRecord', explainRecord(opened))
  const { receipt, commitment } = sealed
  search('explainReceipt', explainReceipt(await verifyReceipt(receipt, { commitment, trust })))

  const failures = [
    openRecord(sealed.envelope, { as: mallory, authors }),
    openRecord(sealed.envelope, { as: chen, authors: keyDirectory([]) }),
    openRecord(sealed.envelope.slice(0, 400), { as: chen, authors }),
    sealRecord(content.replace('}]', '},]'), {
      author: chen,
      recipients: [chen.public],
      strict: true,
    }),
    sealRecord(content.replace('"birthDate"', '"name"'), {
      author: chen,
      recipients: [chen.public],
      strict: true,
    }),
    sealRecord(`{"${canary}":null}`, { author: chen, recipients: [chen.public], strict: true }),
    sealRecord(`"${canary}"`, { author: chen, recipients: [chen.public], strict: true }),
    sealRecord(content, { author: chen, recipients: [chen.public], subject: canary as never }),
  ]
  for (const result of await Promise.allSettled(failures)) {
    expect(result.status).toBe('rejected')
    if (result.status === 'rejected') {
      const { message, stack, cause } = result.reason as Error
      search('an error', [message, stack, cause])
    }
  }
  const sloppy = await sealRecord(content.replace('"1961-03-14"', 'null'), {
    author: chen,
    recipients: [chen.public],
  })
  search('notes', sloppy.notes)
})
