import { StoreFailed } from '../../errors.ts'
import { throwIfAborted, untilAborted } from '../../internal/abort.ts'
import { blobAbsent } from '../key.ts'
import type { Client } from './client.ts'
import {
  type Answer,
  call,
  failed,
  fetchBody,
  letGo,
  pauseAfter,
  withoutSecrets,
} from './request.ts'

/** Bytes that an answer must bring at least, to count as one that did not fail. */
const progress = 65536

/** A range of one version of a blob that is on its way. */
interface Range {
  readonly body: ReadableStream<Uint8Array> | null
  /** First byte after it. */
  readonly end: number
  /** Size of the blob. */
  readonly total: number
  /** The strong ETag; `null` where the answer shows none. */
  readonly etag: string | null
}

/**
 * The bytes from `from` to before `to`, as far as the blob goes, all of one version: what is cut off on the way goes
 * on where it stopped, under the ETag of the first answer (RFC 9110 §13.1.1).
 */
export async function* download(
  client: Client,
  key: string,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const what = `Reading ${key}`
  let version: Range | null = null
  let end = to
  let fruitless = 0
  for (let at = from; at < end; ) {
    const etag: string | null = version?.etag ?? null
    const range = await openRange(client, { key, from: at, to: end, etag, signal })
    if (range === null) return
    if (version !== null && (range.etag !== etag || range.total !== version.total)) {
      letGo(range.body)
      throw changed(what)
    }
    version = range
    end = range.end
    const reader = range.body?.getReader()
    let cause: Error | undefined
    let ended = false
    const before = at
    try {
      while (!ended) {
        const step = await untilAborted(signal, async () => reader?.read()).catch((error) => {
          throwIfAborted(signal)
          cause = withoutSecrets(error)
        })
        throwIfAborted(signal)
        ended = step == null || step.done
        if (step?.value === undefined) continue
        if (at + step.value.length > end) {
          throw failed(what, { status: 206, code: 'too long' }, 'not-applied')
        }
        at += step.value.length
        yield step.value
      }
    } finally {
      // Whoever stops reading must not leave a connection behind.
      if (!ended) letGo(reader)
    }
    fruitless = at - before >= progress ? 0 : fruitless + 1
    const broken = (reason = cause): StoreFailed => failed(what, { cause: reason }, 'not-applied')
    if (at < end && (range.etag === null || fruitless >= client.attempts)) throw broken()
    if (at < end && fruitless > 0) await pauseAfter(client, fruitless, signal, broken)
  }
}

/** The size, from the headers alone. A HEAD does not say what is absent, the bucket or the blob: a GET does. */
export async function sizeOf(
  client: Client,
  key: string,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  const what = `Asking for ${key}`
  const found = ({ status }: Answer): boolean => status === 200 || status === 404
  const { status, headers } = await call(client, { method: 'HEAD', key, what, signal }, found)
  if (status === 200) {
    const size = headers.get('content-length') ?? ''
    if (/^\d{1,15}$/.test(size)) return Number(size)
    throw failed(what, { status, code: 'no Content-Length' }, 'not-applied')
  }
  const request = { method: 'GET', key, headers: { range: 'bytes=0-0' }, what, signal } as const
  const answer = await call(
    client,
    request,
    (one) => one.code === 'NoSuchKey' || one.status === 206 || one.status === 416,
  )
  if (answer.code === 'NoSuchKey') return null
  // It was written between the two requests.
  const [, total] = /\/(\d{1,15})$/.exec(answer.headers.get('content-range') ?? '') ?? []
  if (total === undefined) throw failed(what, answer, 'not-applied')
  return Number(total)
}

async function openRange(
  client: Client,
  range: {
    readonly key: string
    readonly from: number
    readonly to: number
    readonly etag: string | null
    readonly signal: AbortSignal | undefined
  },
): Promise<Range | null> {
  const { key, from, to, etag, signal } = range
  const what = `Reading ${key}`
  const headers: Record<string, string> = { range: `bytes=${from}-${to - 1}` }
  if (etag !== null) headers['if-match'] = etag
  const request = { method: 'GET', key, headers, what, signal } as const
  const { response, other } = await fetchBody(client, request, ({ status }) => status === 206)
  if (response === null) {
    const { status, code } = other!
    if (status === 404 && code === 'NoSuchKey') throw blobAbsent(key)
    if (status === 412) throw changed(what)
    // The blob ends before the range begins.
    if (status === 416 && etag === null) return null
    throw failed(what, { status, code: status === 200 ? 'no range' : code }, 'not-applied')
  }
  const [, first, last, total] =
    /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(response.headers.get('content-range') ?? '') ??
    []
  const end = Math.min(to, Number(total))
  if (Number(first) !== from || Number(last) !== end - 1) {
    letGo(response.body)
    throw failed(what, { status: 206, code: 'another range than was asked for' }, 'not-applied')
  }
  const tag = response.headers.get('etag')
  return {
    body: response.body,
    end,
    total: Number(total),
    etag: tag?.startsWith('"') === true ? tag : null,
  }
}

function changed(what: string): StoreFailed {
  const message = `${what} failed: the blob was replaced meanwhile. Read it again from the beginning.`
  return new StoreFailed(message, { outcome: 'not-applied', retryable: true })
}
