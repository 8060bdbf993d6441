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
  const { applies = false } = optionsOf(request)
  let lost = false
  return repeat(client, request, async () => {
    const { answer, failure } = await sendOnce(client, request, wholeAnswer)
    if (answer !== null && wanted(answer)) {
      return { done: answer, failure: null, outcome: 'not-applied' }
    }
    const reason = failure ?? failureOf(answer!)
    lost ||= applies && mayBeApplied(reason)
    return { done: null, failure: reason, outcome: lost ? 'unknown' : 'not-applied' }
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
        : { response: null, other: await wholeAnswer(response) },
    )
    const reason = failure ?? (answer!.other === null ? null : failureOf(answer!.other))
    const again = reason !== null && isTransient(reason)
    return { done: answer, failure: again ? reason : null, outcome: 'not-applied' }
  })
}

/** What one attempt led to: a result, or a failure with what it did to the blob. */
interface Step<T> {
  readonly done: T | null
  readonly failure: Failure | null
  readonly outcome: 'not-applied' | 'unknown'
}

async function repeat<T>(client: Client, request: Call, step: () => Promise<Step<T>>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const { done, failure, outcome } = await step()
    if (failure === null) return done!
    if (!isTransient(failure) || attempt >= client.attempts) {
      throw failed(request.what, failure, outcome)
    }
    await untilAborted(request.signal, () => client.pause(attempt))
  }
}

/** The error of a request that failed. Never the URL: a presigned one is a secret. */
export function failed(
  what: string,
  given: Partial<Failure>,
  outcome: 'not-applied' | 'unknown',
): StoreFailed {
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
    const send = async (): Promise<T> => read(await client.fetch(signed.url, init))
    return { answer: await untilAborted(signal, send), failure: null }
  } catch (cause) {
    throwIfAborted(signal)
    return { answer: null, failure: { status: null, code: null, cause } }
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
  } catch (cause) {
    throwIfAborted(signal)
    const message = `${what} failed: its request could not be signed. Try again when the signer answers.`
    throw new StoreFailed(message, { outcome: 'not-applied', retryable: true, cause })
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

async function wholeAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response
  const reader = response.body?.getReader()
  let text = ''
  let length = 0
  for (;;) {
    const step = await reader?.read()
    if (step === undefined || step.done) break
    length += step.value.length
    if (length > maximumText) {
      await reader?.cancel()
      break
    }
    for (const byte of step.value) text += String.fromCharCode(byte)
  }
  const code = /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? null
  return { status, headers, text, code }
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
