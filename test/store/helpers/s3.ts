import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type Server, request as send } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { isSigned } from './sigv4.ts'

/** What the proxy does to one request instead of passing it on as it is. */
export type Fault =
  /** Answers by itself. */
  | { readonly answer: number; readonly text?: string; readonly headers?: Record<string, string> }
  /** Cuts the connection after so many bytes of the request's body; the server sees a broken request. */
  | { readonly cutRequest: number }
  /** Passes the request on and cuts the connection after so many bytes of the answer's body. */
  | { readonly cutAnswer: number }
  /** Passes the request on; its answer is lost. */
  | { readonly loseAnswer: true }
  /** Passes the request on and changes the answer. */
  | {
      readonly headers?: Record<string, string | null>
      readonly status?: number
      readonly append?: string
      readonly body?: string
    }

/** One request that the proxy saw. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** The body's length. */
  readonly length: number
}

/** A bucket of an S3 server, behind a proxy that verifies every signature and can do harm. */
export interface Bucket {
  readonly url: string
  readonly client: AwsClient
  /** All requests so far. */
  readonly seen: Seen[]
  /** Asked for each request, with how many like it (method and kind of query) came before. */
  fault: (request: { method: string; url: string; count: number }) => Fault | undefined
  /** Uploads that were begun and neither completed nor given up. */
  openUploads(): Promise<string[]>
  close(): Promise<void>
}

const folder = resolve('test/s3')
/** Whether the server is installed: `node tools/setup.mjs test/s3`, which `npm test` does. */
export const hasServer: boolean = existsSync(join(folder, 'node_modules/s3rver'))
if (!hasServer && process.env['CARESEAL_REQUIRE_ALL'] === '1') {
  throw new Error('s3rver is required but not installed: node tools/setup.mjs test/s3')
}

const name = 'records'
const credentials = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }

/** Starts the server and the proxy with an empty bucket. */
export async function startBucket(): Promise<Bucket> {
  const S3rver = createRequire(join(folder, 'package.json'))('s3rver')
  const directory = await mkdtemp(join(tmpdir(), 'careseal-s3-'))
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [{ name, configs: [] }],
  })
  const { port } = (await server.run()) as AddressInfo
  const uploads = join(directory, name, '._S3rver_uploads')
  const bucket: Bucket = {
    url: '',
    client: new AwsClient({ ...credentials, service: 's3', region: 'us-east-1', retries: 0 }),
    seen: [],
    fault: () => undefined,
    openUploads: async () => (existsSync(uploads) ? readdir(uploads) : []),
    close: async () => {
      proxy.closeAllConnections()
      await new Promise((done) => proxy.close(done))
      await server.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
  const proxy = proxyTo(port, bucket, async (uploadId) => {
    await rm(join(uploads, uploadId), { recursive: true, force: true })
  })
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/${name}`
  return Object.assign(bucket, { url })
}

function proxyTo(port: number, bucket: Bucket, abort: (uploadId: string) => Promise<void>): Server {
  const counts = new Map<string, number>()
  return createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming
    const kind = `${method} ${url.includes('uploads') ? 'begin' : url.includes('uploadId') ? 'part' : ''}`
    const count = counts.get(kind) ?? 0
    counts.set(kind, count + 1)
    const fault = bucket.fault({ method, url, count }) ?? {}
    const chunks: Buffer[] = []
    let length = 0
    incoming.on('error', () => {})
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      chunks.push(chunk)
      if ('cutRequest' in fault && length >= fault.cutRequest) incoming.socket.destroy()
    })
    incoming.on('end', () => {
      bucket.seen.push({ method, url, headers, length })
      if ('answer' in fault) {
        outgoing.writeHead(fault.answer, fault.headers)
        outgoing.end(fault.text)
        return
      }
      if (
        !isSigned(
          { method, url, headers, body: Buffer.concat(chunks) },
          credentials.secretAccessKey,
        )
      ) {
        outgoing.writeHead(403)
        outgoing.end('<Error><Code>SignatureDoesNotMatch</Code></Error>')
        return
      }
      const forwarded = send({ port, host: '127.0.0.1', method, path: url, headers }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', async () => {
          const mended = await mend(
            { method, url, headers },
            { status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(parts) },
            abort,
          )
          if ('loseAnswer' in fault) {
            incoming.socket.destroy()
            return
          }
          if ('cutAnswer' in fault) {
            outgoing.writeHead(mended.status, mended.headers)
            outgoing.write(mended.body.subarray(0, fault.cutAnswer), () =>
              incoming.socket.destroy(),
            )
            return
          }
          const change =
            'headers' in fault || 'status' in fault || 'append' in fault || 'body' in fault
              ? fault
              : {}
          for (const [header, value] of Object.entries(change.headers ?? {})) {
            if (value === null) delete mended.headers[header]
            else mended.headers[header] = value
          }
          const body =
            'body' in change && change.body !== undefined ? Buffer.from(change.body) : mended.body
          const whole = Buffer.concat([body, Buffer.from(change.append ?? '')])
          if (whole !== mended.body && method !== 'HEAD')
            mended.headers['content-length'] = String(whole.length)
          outgoing.writeHead(change.status ?? mended.status, mended.headers)
          outgoing.end(whole)
        })
      })
      forwarded.on('error', () => incoming.socket.destroy())
      forwarded.end(Buffer.concat(chunks))
    })
  })
}

/**
 * s3rver leaves some things out that S3 does. It verifies no signature of version 4, which the proxy does; it cannot
 * give up an upload, ignores If-Match, and answers `bytes=0-0` with everything.
 */
async function mend(
  request: { method: string; url: string; headers: IncomingHttpHeaders },
  answer: { status: number; headers: IncomingHttpHeaders; body: Buffer },
  abort: (uploadId: string) => Promise<void>,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
  const headers: Record<string, string> = {}
  for (const [header, value] of Object.entries(answer.headers)) {
    if (header !== 'transfer-encoding' && header !== 'connection') headers[header] = String(value)
  }
  const uploadId = /[?&]uploadId=([^&]+)/.exec(request.url)?.[1]
  if (request.method === 'DELETE' && uploadId !== undefined && answer.status === 405) {
    await abort(uploadId)
    return { status: 204, headers: {}, body: Buffer.alloc(0) }
  }
  const match = request.headers['if-match']
  if (match !== undefined && answer.status < 300 && match !== headers['etag']) {
    const body = Buffer.from('<Error><Code>PreconditionFailed</Code></Error>')
    return { status: 412, headers: { 'content-length': String(body.length) }, body }
  }
  if (request.headers.range === 'bytes=0-0' && answer.status === 206) {
    const body = answer.body.subarray(0, 1)
    headers['content-range'] = headers['content-range']!.replace(/-\d+/, '-0')
    return { status: 206, headers: { ...headers, 'content-length': '1' }, body }
  }
  return { status: answer.status, headers, body: answer.body }
}
