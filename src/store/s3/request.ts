import { StoreFailed } from '../../errors.ts'
import { throwIfAborted, untilAborted } from '../../internal/abort.ts'
import { fieldOf, optionsOf } from '../../internal/options.ts'
import type { Client } from './client.ts'
import type { S3Request } from './types.ts'

/** One request and what it is for. */
export interface Call {
  readonly method: S3Request['method']
  readonly key: string
  /** Query with its question mark, encoded. */
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer>
  /** What fails, for the message: `Writing scan`. */
  readonly what: string
  /** Whether the blob changes by it: then what is lost on the way has an unknown outcome. */
  readonly applies?: boolean
  readonly signal: AbortSignal | undefined
}

/** A whole answer. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The code of an error document, such as `NoSuchKey`. */
  readonly code: string | null
}

/** Why one attempt failed. */
interface Failure {
  readonly status: number | null
  readonly code: string | null
  readonly cause: unknown
}

/** What became of a blob; the store says `applied` by resolving. */
type Outcome = 'not-applied' | 'unknown'

/** Bytes of an answer that is no blob; documents of S3 are much smaller. */
const maximumText = 1024 * 1024
const transientStatus: readonly number[] = [408, 429, 500, 502, 503, 504]
const transientCode: readonly string[] = ['RequestTimeout', 'SlowDown', 'InternalError']
/** Answers that say that nothing was done. */
const refusedStatus: readonly number[] = [429, 503]

/** Sends a request until it is answered with what `wanted` takes. */
export async function call(
  client: Client,
  request: Call,
  wanted: (answer: Answer) => boolean,
): Promise<Answer> {
  const read = (response: Response): Promise<Answer> => wholeAnswer(response, request.signal)
  return repeat(client, request, async () => {
    const { answer, failure } = await sendOnce(client, request, read)
    if (answer !== null && wanted(answer)) return { done: answer, failure: null }
    return { done: null, failure: failure ?? failureOf(answer!) }
  })
}

/** The same for a blob: its response comes with the body still to be read, any other answer whole. */
export async function fetchBody(
  client: Client,
  request: Call,
  wanted: (response: Response) => boolean,
): Promise<{ readonly response: Response | null; readonly other: Answer | null }> {
  return repeat(client, request, async () => {
    const { answer, failure } = await sendOnce(client, request, async (response) =>
      wanted(response)
        ? { response, other: null }
        : { response: null, other: await wholeAnswer(response, request.signal) },
    )
    const reason = failure ?? (answer!.other === null ? null : failureOf(answer!.other))
    const again = reason !== null && isTransient(reason)
    return { done: answer, failure: again ? reason : null }
  })
}

/** What one attempt led to: a result, or a failure. */
interface Step<T> {
  readonly done: T | null
  readonly failure: Failure | null
}

async function repeat<T>(client: Client, request: Call, step: () => Promise<Step<T>>): Promise<T> {
  const { what, applies = false, signal } = optionsOf(request)
  // What one attempt may have applied stays so, whatever the next ones, or their signer, say.
  let outcome: Outcome = 'not-applied'
  for (let attempt = 1; ; attempt++) {
    const { done, failure } = await step().catch((error: unknown) => {
      throwIfAborted(signal)
      throw outcome === 'unknown' ? notSigned(what, error, outcome) : error
    })
    if (failure === null) return done!
    if (applies && mayBeApplied(failure)) outcome = 'unknown'
    if (!isTransient(failure) || attempt >= client.attempts) throw failed(what, failure, outcome)
    await pauseAfter(client, attempt, signal, (cause) =>
      failed(what, { ...failure, cause }, outcome),
    )
  }
}

/** Waits as the host wants it; a host that does not wait ends the call with the error of what failed. */
export async function pauseAfter(
  client: Client,
  attempt: number,
  signal: AbortSignal | undefined,
  errorOf: (cause: Error) => StoreFailed,
): Promise<void> {
  try {
    await untilAborted(signal, async () => client.pause(attempt))
  } catch (error) {
    throwIfAborted(signal)
    throw errorOf(withoutSecrets(error))
  }
}

/**
 * Errors of fetch, of signers and of what they stand on quote URLs and headers, and a presigned URL is a secret: only
 * name and code pass, and only where they look like one.
 */
export function withoutSecrets(error: unknown): Error {
  const inner = fieldOf(error, 'cause')
  const name = wordOf(namedBy(error))
  const code = wordOf(fieldOf(error, 'code')) ?? wordOf(fieldOf(inner, 'code'))
  return new Error([name ?? 'Error', code].filter((part) => part !== null).join(' '))
}

/** The name of an error stands on its prototype, or its class's one. */
function namedBy(error: unknown): unknown {
  return error instanceof Error || fieldOf(error, 'name') !== undefined
    ? (error as { readonly name: unknown }).name
    : null
}

function wordOf(value: unknown): string | null {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z_]{1,39}$/.test(value) ? value : null
}

/** The error of a request that failed. Never the URL: a presigned one is a secret. */
export function failed(what: string, given: Partial<Failure>, outcome: Outcome): StoreFailed {
  const { status = null, code = null, cause } = optionsOf(given)
  const failure = { status, code, cause }
  const answer = [status, code].filter((part) => part !== null).join(' ')
  return new StoreFailed(
    `${what} failed${answer === '' ? '' : ` (${answer})`}. ${remedy(failure)}`,
    {
      outcome,
      retryable: isTransient(failure) || outcome === 'unknown',
      ...(cause !== undefined && { cause }),
    },
  )
}

async function sendOnce<T>(
  client: Client,
  request: Call,
  read: (response: Response) => Promise<T>,
): Promise<{ answer: T | null; failure: Failure | null }> {
  const { method, key, query = '', headers = {}, body = null, what, signal } = optionsOf(request)
  throwIfAborted(signal)
  const unsigned: S3Request = {
    method,
    url: client.urlOf(key) + query,
    headers: { ...headers },
    body,
  }
  const signed = await signedRequest(client, unsigned, what, signal)
  // Without a prototype: fetch looks up whatever it knows.
  const init: RequestInit = Object.assign(Object.create(null), {
    method,
    headers: signed.headers,
    redirect: 'manual',
    ...(body !== null && { body }),
    ...(signal != null && { signal }),
  })
  try {
    const send = async (): Promise<T> => {
      const response = await client.fetch(signed.url, init)
      // It may come after the caller has gone.
      if (signal?.aborted === true) letGo(response.body)
      throwIfAborted(signal)
      return read(response)
    }
    return { answer: await untilAborted(signal, send), failure: null }
  } catch (error) {
    throwIfAborted(signal)
    return { answer: null, failure: { status: null, code: null, cause: withoutSecrets(error) } }
  }
}

async function signedRequest(
  client: Client,
  unsigned: S3Request,
  what: string,
  signal: AbortSignal | undefined,
): Promise<{ url: string; headers: Record<string, string> }> {
  let signed: unknown
  try {
    signed = await untilAborted(signal, async () => client.sign(unsigned, { signal }))
  } catch (error) {
    throwIfAborted(signal)
    throw notSigned(what, error, 'not-applied')
  }
  const url = fieldOf(signed, 'url')
  const given = fieldOf(signed, 'headers') ?? unsigned.headers
  if (typeof url !== 'string' || !/^https?:\/\//.test(url) || typeof given !== 'object') {
    throw new TypeError('sign must resolve to a request with url and headers')
  }
  // A Headers object of any realm or library lists itself; what it holds never goes through a prototype.
  const list = fieldOf(given, 'forEach')
  const headers: Record<string, string> = Object.create(null)
  if (typeof list === 'function') {
    ;(given as Headers).forEach((value, name) => {
      headers[name] = value
    })
  } else for (const [name, value] of Object.entries(given)) headers[name] = String(value)
  return { url, headers }
}

function notSigned(what: string, error: unknown, outcome: Outcome): StoreFailed {
  const message = `${what} failed: its request could not be signed. Try again when the signer answers.`
  const cause = error instanceof StoreFailed ? error.cause : withoutSecrets(error)
  return new StoreFailed(message, { outcome, retryable: true, cause })
}

async function wholeAnswer(response: Response, signal: AbortSignal | undefined): Promise<Answer> {
  const { status, headers } = response
  const reader = response.body?.getReader()
  let text = ''
  let length = 0
  let ended = false
  try {
    while (!ended && length <= maximumText) {
      const step = await untilAborted(signal, async () => reader?.read())
      ended = step === undefined || step.done
      if (step?.value === undefined) continue
      length += step.value.length
      if (length > maximumText) break
      for (const byte of step.value) text += String.fromCharCode(byte)
    }
  } finally {
    if (!ended) letGo(reader)
  }
  const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? null
  return { status, headers, text, code }
}

/** Gives a connection back, without waiting for a body that may never answer. */
export function letGo(
  body: ReadableStream<Uint8Array> | ReadableStreamDefaultReader<Uint8Array> | null | undefined,
): void {
  body?.cancel().catch(() => {})
}

function failureOf({ status, code }: Answer): Failure {
  return { status, code, cause: undefined }
}

function isTransient({ status, code }: Failure): boolean {
  return status === null || transientStatus.includes(status) || transientCode.includes(code ?? '')
}

/** Lost on the way, or failed inside the server; a refusal is certain. */
function mayBeApplied({ status }: Failure): boolean {
  return status === null || status < 300 || (status >= 500 && !refusedStatus.includes(status))
}

function remedy({ status, code }: Failure): string {
  if (status === null) return 'Try again when the bucket can be reached.'
  if (status === 0 || (status >= 300 && status < 400)) {
    return 'The bucket is elsewhere: pass its own address as bucket, a signed request is not sent on.'
  }
  if (code === 'NoSuchBucket') return 'There is no such bucket: check its address.'
  if (status === 401 || status === 403) {
    return 'Check the credentials, the clock, and that the policy allows to list the bucket.'
  }
  if (isTransient({ status, code, cause: undefined })) return 'Try again later.'
  return 'Check what the bucket supports.'
}
