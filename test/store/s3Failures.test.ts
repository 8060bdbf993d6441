import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { StoreFailed } from '../../src/errors.ts'
import type { BlobStore } from '../../src/store/index.ts'
import { type S3BlobsOptions, s3Blobs } from '../../src/store/s3/index.ts'
import { codeOfError } from '../helpers/errors.ts'

const secret = 'TOPSECRET'

/** A bucket whose answers the case makes; without `fetch` the platform's own is used. */
function blobsOf(options: Partial<S3BlobsOptions>): BlobStore {
  return s3Blobs({
    bucket: 'http://127.0.0.1:9',
    sign: (request) => request,
    pause: async () => {},
    ...options,
  })
}

async function storeError(promise: Promise<unknown>): Promise<StoreFailed> {
  const error = await promise.then(
    () => new Error('resolved, but a rejection was expected'),
    (reason: unknown) => reason,
  )
  expect(codeOfError(error)).toBe('ERR_STORE_FAILED')
  return error as StoreFailed
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function lengthOf(source: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const part of source) length += part.length
  return length
}

function partial(
  body: BodyInit,
  range: string,
  headers: Readonly<Record<string, string>> = { etag: '"x"' },
): Response {
  return new Response(body, { status: 206, headers: { ...headers, 'content-range': range } })
}

describe('errors of s3Blobs show no secret', () => {
  it.each<[string, S3BlobsOptions['sign']]>([
    ['a port that is none', () => ({ url: `https://b.example:99999/k?X-Amz-Signature=${secret}` })],
    ['user info', () => ({ url: `https://AKIA:${secret}@b.example/k` })],
    ['a broken host', () => ({ url: `https://[${secret}/k` })],
    ['a header with a line break', ({ url }) => ({ url, headers: { a: `${secret}\nb` } })],
    ['a header name', ({ url }) => ({ url, headers: { [`a ${secret}`]: 'b' } })],
    ['nobody who listens', ({ url }) => ({ url: `${url}?X-Amz-Signature=${secret}` })],
  ])('of the real fetch, for %s', async (_, sign) => {
    const blobs = blobsOf({ sign, attempts: 1 })
    for (const call of [
      blobs.size('k'),
      blobs.put('k', one(new Uint8Array(1))),
      lengthOf(blobs.read('k', 0, 1)),
    ]) {
      const error = await storeError(call)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
      expect(String(error.cause)).toMatch(/^Error: TypeError/)
    }
  })

  it('of a signer, of pause, and of a body', async () => {
    const failing = async (): Promise<never> => {
      throw Object.assign(new RangeError(secret), { request: secret, code: 'TokenExpired' })
    }
    const body = (): ReadableStream<Uint8Array> =>
      new ReadableStream({ start: (controller) => controller.error(new Error(secret)) })
    const cases = [
      blobsOf({ sign: failing }).delete('k'),
      blobsOf({ fetch: failing, pause: failing }).delete('k'),
      blobsOf({ fetch: failing }).delete('k'),
    ]
    for (const call of cases) {
      const error = await storeError(call)
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
      expect(String(error.cause)).toBe('Error: RangeError TokenExpired')
    }
    const cut = blobsOf({ fetch: async () => partial(body(), 'bytes 0-9/10') })
    const error = await storeError(lengthOf(cut.read('k', 0, 10)))
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret)
  })
})

describe('the outcome of a write whose answer was lost', () => {
  const lost = async (): Promise<never> => {
    throw new TypeError('connection reset')
  }
  const signingOnce = (failure: unknown): S3BlobsOptions['sign'] => {
    let signed = 0
    return (request) => {
      if (++signed === 1) return request
      if (failure instanceof Error) throw failure
      return failure as never
    }
  }

  it.each([
    ['fails', new Error('down')],
    ['signs nothing', { url: 5 }],
  ])('stays unknown if the signer %s then', async (_, failure) => {
    for (const call of [
      (blobs: BlobStore) => blobs.put('k', one(new Uint8Array(3))),
      (blobs: BlobStore) => blobs.delete('k'),
    ]) {
      const error = await storeError(call(blobsOf({ fetch: lost, sign: signingOnce(failure) })))
      expect([error.outcome, error.retryable]).toEqual(['unknown', true])
    }
  })

  it('stays unknown if pause fails', async () => {
    const error = await storeError(blobsOf({ fetch: lost, pause: lost }).delete('k'))
    expect([error.outcome, error.retryable]).toEqual(['unknown', true])
  })

  it('stays unknown if the signer fails while an upload in parts is completed', async () => {
    let completing = 0
    const blobs = blobsOf({
      sign: (request) => {
        if (request.method === 'POST' && request.url.includes('uploadId') && ++completing === 2) {
          throw new Error('expired')
        }
        return request
      },
      fetch: async (url, { method }) => {
        if (url.endsWith('?uploads')) return new Response('<UploadId>x</UploadId>')
        if (method === 'PUT') return new Response(null, { headers: { etag: '"1"' } })
        return method === 'POST' ? lost() : new Response(null, { status: 204 })
      },
    })
    const error = await storeError(blobs.put('k', one(new Uint8Array(9 * 1024 * 1024))))
    expect([error.outcome, completing]).toEqual(['unknown', 2])
  })

  it('is not applied if nothing was sent, and misuse stays a TypeError', async () => {
    const sign = (): never => {
      throw new Error('down')
    }
    expect((await storeError(blobsOf({ sign }).delete('k'))).outcome).toBe('not-applied')
    const none = blobsOf({ sign: () => ({ url: 5 }) as never })
    await expect(none.delete('k')).rejects.toThrow(TypeError)
    const reading = blobsOf({ fetch: lost, pause: lost })
    expect((await storeError(reading.size('k'))).outcome).toBe('not-applied')
  })
})

describe('a read', () => {
  it('pauses only where it goes on after little', async () => {
    const pauses: number[] = []
    const pause = async (attempt: number): Promise<void> => {
      pauses.push(attempt)
    }
    const whole = blobsOf({ pause, fetch: async () => partial('0123456789', 'bytes 0-9/10') })
    expect(await lengthOf(whole.read('k', 0, 10))).toBe(10)
    expect(pauses).toEqual([])
    let asked = 0
    const dribbling = blobsOf({
      pause,
      fetch: async () => {
        const from = 4 * asked++
        return partial('0123456789'.slice(from, from + 4), `bytes ${from}-9/10`)
      },
    })
    expect(await lengthOf(dribbling.read('k', 0, 10))).toBe(10)
    expect(pauses).toEqual([1, 2])
  })

  it('refuses another size under the same ETag', async () => {
    let asked = 0
    const blobs = blobsOf({
      fetch: async () =>
        ++asked === 1
          ? partial('0123456789', 'bytes 0-99/100')
          : partial('01234', 'bytes 10-14/15'),
    })
    const error = await storeError(lengthOf(blobs.read('k', 0, 100)))
    expect(error.message).toContain('replaced meanwhile')
  })

  const silent = (cancel: () => void, first?: Uint8Array): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start: (controller) => {
        if (first !== undefined) controller.enqueue(first)
      },
      pull: () => new Promise(() => {}),
      cancel: () => {
        cancel()
        return new Promise(() => {})
      },
    })

  it.each([
    ['a blob', (body: ReadableStream) => partial(body, 'bytes 0-9/10')],
    ['another answer', (body: ReadableStream) => new Response(body, { status: 500 })],
  ])('is aborted while %s is silent, whatever fetch does with the signal', async (_, answer) => {
    let cancelled = 0
    const controller = new AbortController()
    const reason = new Error('enough')
    const body = silent(() => cancelled++)
    const blobs = blobsOf({ fetch: async () => answer(body) })
    const read = lengthOf(blobs.read('k', 0, 10, { signal: controller.signal }))
    setTimeout(() => controller.abort(reason), 20)
    await expect(read).rejects.toBe(reason)
    expect(cancelled).toBe(1)
  })

  it('gives the connection back of an answer that comes after the abort', async () => {
    let cancelled = 0
    let answer: (response: Response) => void = () => {}
    const reason = new Error('enough')
    const controller = new AbortController()
    const blobs = blobsOf({
      fetch: () =>
        new Promise((resolve) => {
          answer = resolve
          controller.abort(reason)
        }),
    })
    const read = lengthOf(blobs.read('k', 0, 10, { signal: controller.signal }))
    await expect(read).rejects.toBe(reason)
    answer(
      partial(
        silent(() => cancelled++),
        'bytes 0-9/10',
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(cancelled).toBe(1)
  })

  it('gives the connection back of an answer that it refuses', async () => {
    let cancelled = 0
    const refused = async (range: string, first?: Uint8Array): Promise<string> => {
      const blobs = blobsOf({
        fetch: async () =>
          partial(
            silent(() => cancelled++, first),
            range,
          ),
      })
      return (await storeError(lengthOf(blobs.read('k', 0, 10)))).message
    }
    expect(await refused('bytes 0-9/10', new Uint8Array(11))).toContain('too long')
    expect(cancelled).toBe(1)
    expect(await refused('bytes 1-9/10')).toContain('another range')
    expect(cancelled).toBe(2)
    const long = new Uint8Array(1024 * 1024 + 1)
    const fetch = async (): Promise<Response> =>
      new Response(
        silent(() => cancelled++, long),
        { status: 500 },
      )
    await storeError(lengthOf(blobsOf({ fetch, attempts: 1 }).read('k', 0, 10)))
    expect(cancelled).toBe(3)
  })
})
