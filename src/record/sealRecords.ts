import { throwIfAborted } from '../internal/abort.ts'
import { wrapInBatch } from '../internal/envelope/batch.ts'
import { heldOptions } from '../internal/held.ts'
import { fieldOf, optionsOf } from '../internal/options.ts'
import { turn } from '../internal/turn.ts'
import type { Log } from '../log/index.ts'
import { logRecords } from './logRecords.ts'
import { type Readers, readersOf, type SealingContext, sealOne } from './sealOne.ts'
import { contextOf, sealRecordOptions } from './sealRecord.ts'
import type { LoggedRecord, RecordInput, SealedRecord, SealRecordOptions } from './types.ts'

/** Options of {@link sealRecords}. */
export interface SealRecordsOptions extends SealRecordOptions {
  /** Records that are sealed, logged and yielded together; 512 unless given, 1 to 10,000. */
  readonly batchSize?: number | undefined
}

/** One yield of {@link sealRecords}. */
export interface SealedBatch<K, R extends SealedRecord = SealedRecord> {
  /** What was sealed, each with the key of its input. */
  readonly records: readonly (R & {
    /** The key of its input. */
    readonly key: K
  })[]
  /** What was not, and why; the others of the batch are not harmed. */
  readonly failed: readonly {
    /** The key of its input. */
    readonly key: K
    /** What {@link sealRecord} would have thrown. */
    readonly error: unknown
  }[]
}

const maximumBatch = 10_000
/** Records that are worked on at a time: as many signatures are asked of a key's home at once. */
const inFlight = 8

/**
 * Seals many records: one encapsulation per reader for all of them, one checkpoint per batch. Store each
 * batch as it comes, and remember the last key: to resume, begin after it. One bad record harms no other.
 *
 * With a log, one batch more than was yielded is taken from the inputs, and whoever leaves early does not wait for
 * an asynchronous source to end. An abort while a batch is being entered may leave entries in the log whose records
 * were not yielded: they do no harm, seal those inputs again.
 *
 * Everyone can see that the envelopes of one call belong together; a reader added to one of them later opens
 * no other.
 *
 * @param inputs - The records, lazily taken.
 * @param options - Author, readers and details, as in {@link sealRecord}; with `log` each batch is entered.
 * @returns The batches, in order.
 * @throws {@link TypeError} if the options are wrong. What is wrong with one input goes to `failed`.
 * @throws {@link StoreFailed} with `log`, if the log's storage failed; that batch was not yielded.
 * @example
 * An export of two resources.
 * ```ts
 * import { sealRecords } from 'careseal'
 * import { generateIdentity } from 'careseal/keys'
 *
 * const clinic = await generateIdentity()
 * const lines = ['{"resourceType":"Patient"}', '{"resourceType":"Observation"}']
 * const inputs = lines.map((content, key) => ({ key, content }))
 * const options = { author: clinic, recipients: [clinic.public] }
 * for await (const { records, failed } of sealRecords(inputs, options)) {
 *   console.log(records.length, failed.length) // 2 0
 * }
 * ```
 */
export function sealRecords<K>(
  inputs: AsyncIterable<RecordInput<K>> | Iterable<RecordInput<K>>,
  options: SealRecordsOptions & { readonly log: Log },
): AsyncIterable<SealedBatch<K, LoggedRecord>>
export function sealRecords<K>(
  inputs: AsyncIterable<RecordInput<K>> | Iterable<RecordInput<K>>,
  options: SealRecordsOptions,
): AsyncIterable<SealedBatch<K>>
export async function* sealRecords<K>(
  inputs: AsyncIterable<RecordInput<K>> | Iterable<RecordInput<K>>,
  options: SealRecordsOptions,
): AsyncIterable<SealedBatch<K>> {
  const own = heldOptions(options, [...sealRecordOptions, 'batchSize'])
  if (!isIterable(inputs)) throw new TypeError('inputs must be an iterable of { key, content }')
  const { batchSize = 512, log, signal } = own
  if (!(Number.isInteger(batchSize) && batchSize >= 1 && batchSize <= maximumBatch)) {
    throw new RangeError(`batchSize must be an integer from 1 to ${maximumBatch}`)
  }
  const { wrap, close } = wrapInBatch(own.keyIds ?? 'hint')
  const context = contextOf(own, wrap)
  const readers = readersOf(own.recipients, context)
  const batches = sealBatches(inputs, batchSize, own, readers, context, close)
  if (log === undefined) yield* batches
  else yield* logBatches(batches, log, signal)
}

function isIterable(inputs: unknown): boolean {
  const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = Object(inputs)
  return typeof later === 'function' || typeof now === 'function'
}

async function* sealBatches<K>(
  inputs: AsyncIterable<RecordInput<K>> | Iterable<RecordInput<K>>,
  batchSize: number,
  options: SealRecordsOptions,
  readers: Readers,
  context: SealingContext,
  close: () => void,
): AsyncGenerator<SealedBatch<K>> {
  try {
    for await (const batch of chunks(inputs, batchSize)) {
      yield sealBatch(batch, options, readers, context)
    }
  } finally {
    // Here, where nothing is being sealed any more, also if the caller has left while something was.
    close()
  }
}

/**
 * Enters batches in a log. While the storage is busy with one batch, the next one is being sealed; what the log
 * has is handed out at once, for the source may wait until it is stored.
 */
async function* logBatches<K>(
  batches: AsyncIterable<SealedBatch<K>>,
  log: Log,
  signal: AbortSignal | undefined,
): AsyncGenerator<SealedBatch<K, LoggedRecord>> {
  const rest = batches[Symbol.asyncIterator]()
  let entering: Promise<SealedBatch<K, LoggedRecord>> | null = null
  let waiting = false
  const advance = (): Promise<IteratorResult<SealedBatch<K>>> => {
    waiting = true
    const next = rest.next().finally(() => {
      waiting = false
    })
    // Reported when it is waited for, after the batch before it.
    next.catch(() => {})
    return next
  }
  try {
    for (;;) {
      const next = advance()
      if (entering !== null) yield await entering
      const sealed = await next
      if (sealed.done === true) return
      entering = enter(sealed.value, log, signal)
      entering.catch(() => {})
    }
  } finally {
    // A source that is being read is told to end, but not waited for: it may never answer.
    const ended = rest.return?.()
    if (waiting) ended?.catch(() => {})
    else await ended
  }
}

async function enter<K>(
  sealed: SealedBatch<K>,
  log: Log,
  signal: AbortSignal | undefined,
): Promise<SealedBatch<K, LoggedRecord>> {
  if (sealed.records.length === 0) return { ...sealed, records: [] }
  const entries = await logRecords(sealed.records, { log, signal })
  return { ...sealed, records: sealed.records.map((one, i) => ({ ...one, ...entries[i]! })) }
}

async function sealBatch<K>(
  batch: readonly HeldInput<K>[],
  options: SealRecordsOptions,
  readers: Readers,
  context: SealingContext,
): Promise<SealedBatch<K>> {
  const records: (SealedRecord & { key: K })[] = []
  const failed: { key: K; error: unknown }[] = []
  for (let i = 0; i < batch.length; i += inFlight) {
    const results = await Promise.all(
      batch.slice(i, i + inFlight).map((input) =>
        sealInput(input, options, readers, context).then(
          (record) => () => records.push({ ...record, key: input.key }),
          (error: unknown) => () => failed.push({ key: input.key, error }),
        ),
      ),
    )
    // An abort is the caller's wish, not a fault of a record.
    throwIfAborted(context.signal)
    for (const settle of results) settle()
    await turn()
  }
  return { records, failed }
}

/** An input as it was when the source gave it; `null` where it was no object. */
interface HeldInput<K> {
  readonly key: K
  readonly given: RecordInput<K> | null
}

/** A source may use its buffer and its objects again for the next input, and a batch is sealed when it is full. */
function heldInput<K>(input: RecordInput<K>): HeldInput<K> {
  const key = fieldOf(input, 'key') as K
  if (typeof input !== 'object' || input === null) return { key, given: null }
  const own = optionsOf(input)
  return { key, given: heldOptions(own, Object.keys(own) as (keyof RecordInput<K>)[]) }
}

/** What an input does not say is said by the options of the call. */
async function sealInput(
  { given }: HeldInput<unknown>,
  options: SealRecordsOptions,
  readers: Readers,
  context: SealingContext,
): Promise<SealedRecord> {
  if (given === null) throw new TypeError('an input must be an object with key and content')
  const record = {
    content: given.content,
    readers: given.recipients === undefined ? readers : readersOf(given.recipients, context),
    mediaType: given.mediaType ?? options.mediaType,
    canonicalization: given.canonicalization ?? options.canonicalization,
    // null: of no patient, whatever the batch says.
    subject: given.subject === undefined ? options.subject : given.subject,
    securityLabels: given.securityLabels ?? options.securityLabels,
    amends: given.amends,
  }
  return sealOne(record, context)
}

async function* chunks<K>(
  items: AsyncIterable<RecordInput<K>> | Iterable<RecordInput<K>>,
  size: number,
): AsyncIterable<HeldInput<K>[]> {
  let chunk: HeldInput<K>[] = []
  for await (const item of items) {
    chunk.push(heldInput(item))
    if (chunk.length === size) {
      yield chunk
      chunk = []
    }
  }
  if (chunk.length > 0) yield chunk
}
