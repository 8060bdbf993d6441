import { inspect } from 'node:util'
import { AwsClient } from 'aws4fetch'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { StoreFailed } from '../../src/errors.ts'
import { openRecordStream, sealRecordStream } from '../../src/index.ts'
import { keyDirectory } from '../../src/keys/index.ts'
import { type BlobStore, blobConformance } from '../../src/store/index.ts'
import { clientOf } from '../../src/store/s3/client.ts'
import { type S3BlobsOptions, s3Blobs } from '../../src/store/s3/index.ts'
import { upload } from '../../src/store/s3/upload.ts'
import { codeOfError } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'
import { type Bucket, type Fault, hasServer, startBucket } from './helpers/s3.ts'

const mebibyte = 1024 * 1024
const describeS3 = hasServer ? describe : describe.skip
const skipped = hasServer ? '' : ' (skipped: s3rver not installed, node tools/setup.mjs test/s3)'

let bucket: Bucket
let counter = 0

/** Blobs in a folder of their own. */
function blobsOf(options: Partial<S3BlobsOptions> = {}): BlobStore {
  return s3Blobs({
    bucket: bucket.url,
    prefix: `case-${counter++}`,
    sign: (request) => bucket.client.sign(request.url, request),
    pause: async () => {},
    ...options,
  })
}

const sample = (length: number, seed = 1): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let i = 0, x = seed; i < length; i++) {
    x = (x * 69069 + 1) % 4294967296
    bytes[i] = x >>> 16
  }
  return bytes
}

async function* pieces(content: Uint8Array, size = 300_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.slice(at, at + size)
}

async function bytesOf(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}

async function storeError(promise: Promise<unknown>): Promise<StoreFailed> {
  const error = await promise.then(
    () => new Error('resolved, but a rejection was expected'),
    (reason: unknown) => reason,
  )
  expect(codeOfError(error)).toBe('ERR_STORE_FAILED')
  return error as StoreFailed
}

/** Does the fault to the first so many requests that fit. */
function faults(method: string, part: string, fault: Fault, times = 1): void {
  let done = 0
  bucket.fault = (request) =>
    request.method === method && request.url.includes(part) && done++ < times ? fault : undefined
}

describeS3(`s3Blobs against s3rver behind a proxy${skipped}`, () => {
  beforeAll(async () => {
    bucket = await startBucket()
  })
  afterAll(() => bucket.close())
  beforeEach(() => {
    bucket.seen.length = 0
    bucket.fault = () => undefined
  })

  describe('conformance', () => {
    for (const { id, title, run } of blobConformance(() => blobsOf())) {
      it(`${id}: ${title}`, async () => expect(await run()).toBe('passed'))
    }
  })

  it('is refused by the server with a wrong signature', async () => {
    const client = new AwsClient({
      accessKeyId: 'S3RVER',
      secretAccessKey: 'wrong',
      service: 's3',
      region: 'us-east-1',
    })
    const blobs = blobsOf({ sign: (request) => client.sign(request.url, request) })
    const error = await storeError(blobs.put('key', pieces(sample(10))))
    expect(error.message).toContain('403 SignatureDoesNotMatch')
    expect(error.message).toContain('credentials')
    expect([error.outcome, error.retryable]).toEqual(['not-applied', false])
    expect(bucket.seen).toHaveLength(1)
  })

  it('keeps keys apart whatever characters they have', async () => {
    const blobs = blobsOf()
    const keys = ['a b', 'a+b', 'a%20b', 'a%2Bb', 'é/ü', "!'()*", 'a&b=c', 'a~b', '日本', 'a?b#c']
    for (const [i, key] of keys.entries()) await blobs.put(key, pieces(sample(10 + i, i)))
    for (const [i, key] of keys.entries()) {
      expect(await blobs.size(key), key).toBe(10 + i)
      expect(await bytesOf(blobs.read(key, 0, 100)), key).toEqual(Buffer.from(sample(10 + i, i)))
    }
    for (const key of keys) await blobs.delete(key)
    for (const key of keys) expect(await blobs.size(key), key).toBeNull()
  })

  it('works with presigned URLs, where nothing here sees a credential', async () => {
    const sign: S3BlobsOptions['sign'] = async ({ method, url }) => {
      const query = new URL(url)
      query.searchParams.set('X-Amz-Expires', '60')
      const request = await bucket.client.sign(query.href, { method, aws: { signQuery: true } })
      return { url: request.url }
    }
    const blobs = blobsOf({ sign, partSize: 5 * mebibyte })
    const content = sample(6 * mebibyte)
    await blobs.put('key', pieces(content))
    expect(await blobs.size('key')).toBe(content.length)
    const found = await bytesOf(blobs.read('key', 1000, 5 * mebibyte))
    expect(found.equals(content.subarray(1000, 1000 + 5 * mebibyte))).toBe(true)
    await blobs.delete('key')
    expect(
      bucket.seen.every(
        ({ url, headers }) =>
          url.includes('X-Amz-Signature') && headers.authorization === undefined,
      ),
    ).toBe(true)
  })

  describe('an upload', () => {
    it.each([
      ['one byte less than a part', 5 * mebibyte - 1, 1],
      ['exactly one part', 5 * mebibyte, 1],
      ['exactly two parts', 10 * mebibyte, 2],
      ['a byte more', 10 * mebibyte + 1, 3],
    ])('of %s', async (_, length, parts) => {
      const blobs = blobsOf({ partSize: 5 * mebibyte })
      const content = sample(length)
      await blobs.put('key', pieces(content, 700_001))
      expect((await bytesOf(blobs.read('key', 0, length + 1))).equals(content)).toBe(true)
      const puts = bucket.seen.filter(({ method }) => method === 'PUT')
      expect(puts.map((put) => put.length).reduce((a, b) => a + b)).toBe(length)
      expect(puts).toHaveLength(parts)
      expect(await bucket.openUploads()).toEqual([])
    })

    it('takes one piece that is larger than several parts', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte })
      const content = sample(12 * mebibyte)
      await blobs.put('key', pieces(content, content.length))
      expect((await bytesOf(blobs.read('key', 0, content.length))).equals(content)).toBe(true)
    })

    it('is given up if the source fails, and what was there stays', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte })
      await blobs.put('key', pieces(sample(10)))
      const reason = new Error('the scanner stopped')
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield* pieces(sample(6 * mebibyte))
        throw reason
      }
      await expect(blobs.put('key', broken())).rejects.toBe(reason)
      expect(await bucket.openUploads()).toEqual([])
      expect(await bytesOf(blobs.read('key', 0, 100))).toEqual(Buffer.from(sample(10)))
      const last = bucket.seen.findLast(({ method }) => method === 'DELETE')
      expect(last?.url).toContain('uploadId=')
    })

    it('sends a part again whose connection was dropped in the middle', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte })
      const content = sample(11 * mebibyte)
      faults('PUT', 'partNumber=2', { cutRequest: 2 * mebibyte }, 2)
      await blobs.put('key', pieces(content))
      expect((await bytesOf(blobs.read('key', 0, content.length))).equals(content)).toBe(true)
    })

    it('sends a part again whose answer was lost, or that the server was too busy for', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte })
      const content = sample(6 * mebibyte)
      const busy = { answer: 503, text: '<Error><Code>SlowDown</Code></Error>' }
      for (const fault of [
        { loseAnswer: true } as const,
        busy,
        { answer: 500 },
        { answer: 400, text: '<Error><Code>RequestTimeout</Code></Error>' },
      ]) {
        faults('PUT', 'partNumber=1', fault, 3)
        await blobs.put('key', pieces(content))
        expect((await bytesOf(blobs.read('key', 0, content.length))).equals(content)).toBe(true)
      }
      expect(await bucket.openUploads()).toEqual([])
    })

    it('is given up after as many attempts as it has; nothing of it is to be seen', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte, attempts: 3 })
      faults('PUT', 'partNumber=2', { cutRequest: mebibyte }, Number.POSITIVE_INFINITY)
      const error = await storeError(blobs.put('key', pieces(sample(11 * mebibyte))))
      expect([error.outcome, error.retryable]).toEqual(['not-applied', true])
      expect(await blobs.size('key')).toBeNull()
      expect(await bucket.openUploads()).toEqual([])
    })

    it('does not repeat what the server refuses', async () => {
      const blobs = blobsOf()
      faults('PUT', '', { answer: 403, text: '<Error><Code>AccessDenied</Code></Error>' }, 9)
      const error = await storeError(blobs.put('key', pieces(sample(10))))
      expect(error.message).toContain('403 AccessDenied')
      expect([error.outcome, error.retryable, bucket.seen.length]).toEqual([
        'not-applied',
        false,
        1,
      ])
    })

    it('says unknown where the answer to the deciding request was lost', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte, attempts: 1 })
      faults('PUT', '', { loseAnswer: true })
      const single = await storeError(blobs.put('one', pieces(sample(10))))
      expect([single.outcome, single.retryable]).toEqual(['unknown', true])
      expect(await blobs.size('one')).toBe(10)
      faults('POST', 'uploadId', { loseAnswer: true })
      const several = await storeError(blobs.put('two', pieces(sample(6 * mebibyte))))
      expect([several.outcome, several.retryable]).toEqual(['unknown', true])
      faults('DELETE', '', { loseAnswer: true })
      const gone = await storeError(blobs.delete('one'))
      expect(gone.outcome).toBe('unknown')
      faults('PUT', '', { answer: 503 })
      expect((await storeError(blobs.put('one', pieces(sample(10))))).outcome).toBe('not-applied')
      faults('PUT', '', { answer: 502 })
      expect((await storeError(blobs.put('one', pieces(sample(10))))).outcome).toBe('unknown')
    })

    it('stays unknown if a later attempt is refused', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte })
      let posts = 0
      bucket.fault = ({ method, url }) => {
        if (method !== 'POST' || !url.includes('uploadId')) return undefined
        const none = '<Error><Code>NoSuchUpload</Code></Error>'
        return posts++ === 0 ? { loseAnswer: true } : { answer: 404, text: none }
      }
      const error = await storeError(blobs.put('key', pieces(sample(6 * mebibyte))))
      expect([error.outcome, error.retryable]).toEqual(['unknown', true])
    })

    it('does not take an error in a document with the status 200 for success', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte })
      const internal = '<Error><Code>InternalError</Code></Error>'
      faults('POST', 'uploadId', { answer: 200, text: internal }, 2)
      await blobs.put('key', pieces(sample(6 * mebibyte)))
      faults('POST', 'uploadId', { answer: 200, text: '' }, 9)
      expect((await storeError(blobs.put('key', pieces(sample(6 * mebibyte))))).outcome).toBe(
        'unknown',
      )
      faults('POST', 'uploads', { answer: 200, text: '<a></a>' })
      await storeError(blobs.put('key', pieces(sample(6 * mebibyte))))
      faults('PUT', 'partNumber=1', { headers: { etag: null } }, 9)
      const error = await storeError(blobs.put('key', pieces(sample(6 * mebibyte))))
      expect(error.message).toContain('CORS')
      expect(error.outcome).toBe('not-applied')
      expect(await bucket.openUploads()).toEqual([])
    })

    it('is aborted by its signal, also while a source or the server is silent', async () => {
      const blobs = blobsOf({ partSize: 5 * mebibyte })
      const reason = new Error('no longer needed')
      const silent = new AbortController()
      async function* source(): AsyncGenerator<Uint8Array> {
        yield* pieces(sample(6 * mebibyte))
        setTimeout(() => silent.abort(reason), 20)
        await new Promise(() => {})
      }
      await expect(blobs.put('key', source(), { signal: silent.signal })).rejects.toBe(reason)
      await expect.poll(() => bucket.openUploads()).toEqual([])
      const slow = new AbortController()
      const waiting = blobsOf({ fetch: () => new Promise(() => {}) })
      const pending = waiting.put('key', pieces(sample(10)), { signal: slow.signal })
      setTimeout(() => slow.abort(reason), 20)
      await expect(pending).rejects.toBe(reason)
      expect(await blobs.size('key')).toBeNull()
    })

    it('refuses more than 10,000 parts', async () => {
      const seen: string[] = []
      const client = clientOf({
        bucket: bucket.url,
        sign: ({ method, url }) => {
          seen.push(`${method} ${url}`)
          return { url }
        },
        fetch: async (url, { method }) =>
          method === 'POST' && url.includes('uploads')
            ? new Response('<UploadId>a&amp;b</UploadId>')
            : new Response(null, {
                status: method === 'DELETE' ? 204 : 200,
                headers: { etag: '"e"' },
              }),
      })
      // Smaller parts than the options allow, or this would take eighty gigabytes.
      const small = { ...client, partSize: 10 }
      const pending = upload(small, 'key', pieces(new Uint8Array(100_001)), undefined)
      const error = await storeError(pending)
      expect(error.message).toContain('larger partSize')
      expect([error.outcome, error.retryable]).toEqual(['not-applied', false])
      expect(seen.filter((line) => line.includes('partNumber'))).toHaveLength(10_000)
      expect(seen.at(-1)).toMatch(/^DELETE .*uploadId=a%26b$/)
    })

    it('keeps one part in memory, however large the blob is', async () => {
      const parts = new Set<ArrayBufferLike>()
      const blobs = s3Blobs({
        bucket: bucket.url,
        partSize: 5 * mebibyte,
        sign: ({ url, body }) => {
          if (url.includes('partNumber')) parts.add(body!.buffer)
          return { url }
        },
        fetch: async (url) =>
          new Response(
            url.includes('uploads')
              ? '<UploadId>a</UploadId>'
              : '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>',
            { headers: { etag: '"e"' } },
          ),
      })
      await blobs.put('key', pieces(sample(26 * mebibyte), 100_000))
      expect(parts.size).toBe(1)
      expect([...parts][0]!.byteLength).toBe(5 * mebibyte)
    })
  })

  it('keeps the stream of a record, through cuts on both ways', async () => {
    const blobs = blobsOf({ partSize: 5 * mebibyte })
    const author = await person(1)
    const content = sample(11 * mebibyte)
    let [puts, gets] = [0, 0]
    bucket.fault = ({ method, url }) => {
      if (method === 'PUT' && url.includes('partNumber') && puts++ % 2 === 0)
        return { cutRequest: 3 * mebibyte }
      return method === 'GET' && gets++ % 2 === 0 ? { cutAnswer: 100_000 } : undefined
    }
    const record = await sealRecordStream(pieces(content), {
      author,
      recipients: [author.public],
      blobs,
    })
    const authors = keyDirectory([author.public])
    const opened = await openRecordStream(record.envelope, { as: author, authors, blobs })
    expect((await bytesOf(opened.stream())).equals(content)).toBe(true)
    const some = await bytesOf(opened.range(7_000_000, 300_000))
    expect(some.equals(content.subarray(7_000_000, 7_300_000))).toBe(true)
    opened.close()
    await blobs.delete(record.blob)
    expect(await blobs.size(record.blob)).toBeNull()
    expect(Math.min(puts, gets)).toBeGreaterThan(3)
  })

  describe('a read', () => {
    const content = sample(700_000, 7)
    let blobs: BlobStore
    beforeEach(async () => {
      blobs = blobsOf({ attempts: 3 })
      await blobs.put('key', pieces(content))
      bucket.seen.length = 0
    })

    it('goes on where its answer was cut off, under the ETag of the first one', async () => {
      faults('GET', '', { cutAnswer: 100_000 }, 3)
      const found = await bytesOf(blobs.read('key', 1000, 500_000))
      expect(found.equals(content.subarray(1000, 501_000))).toBe(true)
      const gets = bucket.seen.map(({ headers }) => headers)
      expect(gets.map(({ range }) => range)).toEqual(
        [1000, 101_000, 201_000, 301_000].map((at) => `bytes=${at}-500999`),
      )
      expect(gets[0]!['if-match']).toBeUndefined()
      expect(new Set(gets.slice(1).map((one) => one['if-match'])).size).toBe(1)
      expect(gets[1]!['if-match']).toMatch(/^"/)
    })

    it('never mixes two versions', async () => {
      let gets = 0
      bucket.fault = ({ method }) =>
        method === 'GET' && gets++ === 0 ? { cutAnswer: 100_000 } : undefined
      const parts: Buffer[] = []
      const error = await storeError(
        (async () => {
          for await (const part of blobs.read('key', 0, content.length)) {
            if (parts.length === 0) await blobs.put('key', pieces(sample(content.length, 8)))
            parts.push(Buffer.from(part))
          }
        })(),
      )
      expect(error.message).toContain('replaced meanwhile')
      expect(error.retryable).toBe(true)
      const got = Buffer.concat(parts)
      expect(got.equals(content.subarray(0, got.length))).toBe(true)
      // A server that does not know If-Match shows another ETag.
      await blobs.put('key', pieces(content))
      gets = 0
      bucket.fault = ({ method }) =>
        method !== 'GET'
          ? undefined
          : gets++ === 0
            ? { cutAnswer: 1000 }
            : { headers: { etag: '"other"' } }
      const other = await storeError(bytesOf(blobs.read('key', 0, content.length)))
      expect(other.message).toContain('replaced meanwhile')
    })

    it('does not go on without an ETag', async () => {
      bucket.fault = ({ method }) =>
        method === 'GET' ? { headers: { etag: 'W/"weak"' } } : undefined
      expect((await bytesOf(blobs.read('key', 0, 10))).length).toBe(10)
      const whole = {
        answer: 206,
        headers: { 'content-range': 'bytes 0-9/10', etag: 'W/"weak"' },
        text: 'short',
      }
      faults('GET', '', whole, 9)
      const error = await storeError(bytesOf(blobs.read('key', 0, 10)))
      expect(error.retryable).toBe(true)
    })

    it('gives up where too little comes at a time', async () => {
      faults('GET', '', { cutAnswer: 10 }, Number.POSITIVE_INFINITY)
      await storeError(bytesOf(blobs.read('key', 0, 1000)))
      expect(bucket.seen).toHaveLength(3)
    })

    it('gives up where nothing more comes', async () => {
      faults('GET', '', { cutAnswer: 0 }, Number.POSITIVE_INFINITY)
      const error = await storeError(bytesOf(blobs.read('key', 0, 10)))
      expect(error.retryable).toBe(true)
      expect(bucket.seen).toHaveLength(3)
    })

    it.each<[string, Fault]>([
      ['another begin', { headers: { 'content-range': 'bytes 1-10/700000' } }],
      ['another end', { headers: { 'content-range': 'bytes 0-8/700000' } }],
      ['a later end', { headers: { 'content-range': 'bytes 0-10/700000' } }],
      ['no total', { headers: { 'content-range': 'bytes 0-9/*' } }],
      ['no Content-Range', { headers: { 'content-range': null } }],
      ['more than it says', { append: 'more' }],
      ['everything', { status: 200 }],
      ['a redirect', { answer: 307, headers: { location: 'http://127.0.0.1:9/' } }],
      ['another error', { answer: 404, text: '<Error><Code>NoSuchBucket</Code></Error>' }],
      ['an error without a document', { answer: 404 }],
    ])('refuses %s', async (_, fault) => {
      faults('GET', '', fault, 9)
      const error = await storeError(bytesOf(blobs.read('key', 0, 10)))
      expect([error.outcome, error.retryable]).toEqual(['not-applied', false])
      expect(bucket.seen).toHaveLength(1)
    })

    it('does not go where a redirect leads', async () => {
      const visitors: string[] = []
      const elsewhere = { answer: 307, headers: { location: `${bucket.url}/stolen` } }
      bucket.fault = ({ url }) => {
        visitors.push(url)
        return elsewhere
      }
      for (const attempt of [
        () => blobs.put('key', pieces(sample(3))),
        () => bytesOf(blobs.read('key', 0, 10)),
        () => blobs.size('key'),
        () => blobs.delete('key'),
      ]) {
        expect((await storeError(attempt())).message).toContain('elsewhere')
      }
      expect(visitors.some((url) => url.includes('stolen'))).toBe(false)
    })

    it('lets go of the connection if its reader stops', async () => {
      for (let i = 0; i < 30; i++) {
        for await (const part of blobs.read('key', 0, content.length)) {
          expect(part.length).toBeGreaterThan(0)
          break
        }
      }
      expect(await blobs.size('key')).toBe(content.length)
    })

    it('ends with its signal', async () => {
      const controller = new AbortController()
      const reason = new Error('enough')
      const reading = (async () => {
        for await (const _ of blobs.read('key', 0, content.length, { signal: controller.signal })) {
          controller.abort(reason)
        }
      })()
      await expect(reading).rejects.toBe(reason)
    })
  })

  describe('size', () => {
    it('tells an absent blob from an absent bucket', async () => {
      const blobs = blobsOf()
      expect(await blobs.size('none')).toBeNull()
      const wrong = blobsOf({ bucket: `${bucket.url}-not` })
      const error = await storeError(wrong.size('none'))
      expect(error.message).toContain('NoSuchBucket')
      await storeError(wrong.delete('none'))
      await storeError(bytesOf(wrong.read('none', 0, 0)))
      await storeError(bytesOf(blobs.read('none', 0, 0)))
    })

    it('refuses an answer without one, and takes what was written meanwhile', async () => {
      const blobs = blobsOf()
      await blobs.put('key', pieces(sample(77)))
      faults('HEAD', '', { answer: 404 })
      expect(await blobs.size('key')).toBe(77)
      faults('HEAD', '', { headers: { 'content-length': null } })
      await storeError(blobs.size('key'))
    })
  })

  it('shows no signature and no key in its errors', async () => {
    const secret = 'c0ffee5ec4e7'
    const fetch = async (): Promise<Response> => {
      throw new TypeError('fetch failed')
    }
    const sign = ({ url }: { url: string }) => ({
      url: `${url}?X-Amz-Signature=${secret}`,
      headers: { authorization: secret },
    })
    const blobs = blobsOf({ fetch, sign, attempts: 1 })
    for (const attempt of [
      () => blobs.put('key', pieces(sample(3))),
      () => bytesOf(blobs.read('key', 0, 10)),
      () => blobs.size('key'),
      () => blobs.delete('key'),
    ]) {
      const error = await storeError(attempt())
      expect(inspect(error, { depth: 9 }) + error.stack).not.toContain(secret)
      expect((error.cause as Error).message).toMatch(/^TypeError/)
    }
  })

  it('reports a signer that fails, and one that gives no request', async () => {
    const reason = new Error('the KMS is silent')
    const silent = blobsOf({ sign: () => Promise.reject(reason) })
    const error = await storeError(silent.size('key'))
    expect(error.cause).toEqual(new Error('Error'))
    expect([error.retryable, error.outcome]).toEqual([true, 'not-applied'])
    for (const result of [null, {}, { url: 'ftp://x' }, { url: bucket.url, headers: 1 }]) {
      const blobs = blobsOf({ sign: () => result as never })
      await expect(blobs.size('key')).rejects.toThrow(TypeError)
    }
  })

  it('is not moved by a polluted prototype', async () => {
    const polluted: Record<string, unknown> = {
      answer: {},
      failure: null,
      done: {},
      response: {},
      other: {},
      text: 'polluted',
      code: 'NoSuchKey',
      prefix: 'polluted',
      partSize: 1,
      attempts: 0,
      pause: 1,
      redirect: 'follow',
      body: 'polluted',
      fetch: () => new Response('polluted'),
    }
    // Answers are made before, for what makes them is polluted, too.
    const none = '<Error><Code>NoSuchKey</Code></Error>'
    const range = { 'content-range': 'bytes 2-4/9', etag: '"e"' }
    const answers = [
      new Response(null, { status: 200 }),
      new Response(null, { status: 200, headers: { 'content-length': '9' } }),
      new Response(null, { status: 404 }),
      new Response(none, { status: 404 }),
      new Response('abc', { status: 206, headers: range }),
      new Response(null, { status: 204 }),
    ]
    const sent: string[] = []
    const blobs = s3Blobs({
      bucket: bucket.url,
      sign: ({ url, headers }) => ({ url, headers }),
      fetch: async (url, init) => {
        sent.push(
          [init.method, url.slice(bucket.url.length), init.redirect, init.body?.toString()].join(
            ' ',
          ),
        )
        return answers.shift()!
      },
    })
    const found: unknown[] = []
    for (const [name, value] of Object.entries(polluted)) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true })
    }
    try {
      await blobs.put('key', pieces(Uint8Array.of(1, 2, 3)))
      found.push(await blobs.size('key'), await blobs.size('none'))
      for await (const part of blobs.read('key', 2, 3)) found.push(part.join())
      await blobs.delete('key')
    } finally {
      for (const name of Object.keys(polluted))
        delete (Object.prototype as Record<string, unknown>)[name]
    }
    expect(found).toEqual([9, null, '97,98,99'])
    expect(sent).toEqual([
      'PUT /key manual 1,2,3',
      'HEAD /key manual ',
      'HEAD /none manual ',
      'GET /none manual ',
      'GET /key manual ',
      'DELETE /key manual ',
    ])
  })

  it('refuses options that are none', () => {
    const sign = (): never => {
      throw new Error()
    }
    const url = 'https://s3.example/records'
    const attempt = (options: object) => () => s3Blobs({ bucket: url, sign, ...options } as never)
    for (const bad of ['', 'records', 'ftp://x/y', `${url}?a`, `${url}#a`, 'https://a:b@x/y', 7]) {
      expect(attempt({ bucket: bad })).toThrow('bucket must')
    }
    expect(attempt({ sign: 1 })).toThrow('sign must')
    expect(attempt({ fetch: 1 })).toThrow('fetch must')
    expect(attempt({ pause: 1 })).toThrow('pause must')
    expect(attempt({ prefix: 'a//b' })).toThrow(RangeError)
    for (const partSize of [5 * mebibyte - 1, 1024 * mebibyte + 1, 6e6 + 0.5]) {
      expect(attempt({ partSize })).toThrow('partSize must')
    }
    for (const attempts of [0, 11, 1.5]) expect(attempt({ attempts })).toThrow('attempts must')
    expect(attempt({ part: 1 })).toThrow('unknown option part')
    expect(() => s3Blobs(null as never)).toThrow(TypeError)
    expect(attempt({ prefix: 'tenants/7/' })).not.toThrow()
  })

  it('refuses a name that is longer than S3 has', async () => {
    const blobs = blobsOf({ prefix: `${'a'.repeat(30)}` })
    const key = Array.from({ length: 5 }, () => 'k'.repeat(199)).join('/')
    expect(key).toHaveLength(999)
    await expect(blobs.size(key)).rejects.toThrow(RangeError)
    await expect(blobs.put('key', null as never)).rejects.toThrow('source must')
  })
})
