import { StoreFailed } from '../../errors.ts'
import { encodeUtf8 } from '../../internal/utf8.ts'
import type { Client } from './client.ts'
import { partsOf } from './parts.ts'
import { type Answer, type Call, call, failed } from './request.ts'

/** Parts of one upload in S3. */
const maximumParts = 10_000

const isDone = ({ status }: Answer): boolean => status === 200

/** Writes a blob whole or not at all: one request, or from one part on an upload of several. */
export async function upload(
  client: Client,
  key: string,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const what = `Writing ${key}`
  const parts = partsOf(source, client.partSize, signal)
  let uploadId: string | null = null
  const etags: string[] = []
  try {
    for await (const body of parts) {
      if (uploadId === null && body.length < client.partSize) {
        await call(client, { method: 'PUT', key, body, what, applies: true, signal }, isDone)
        return
      }
      if (body.length === 0) break
      uploadId ??= await begin(client, { method: 'POST', key, query: '?uploads', what, signal })
      if (etags.length === maximumParts) {
        throw tooLarge(what, client.partSize)
      }
      const query = `?partNumber=${etags.length + 1}&uploadId=${encodeURIComponent(uploadId)}`
      const { headers } = await call(
        client,
        { method: 'PUT', key, query, body, what, signal },
        isDone,
      )
      etags.push(etagOf(headers, what))
    }
    await complete(client, key, uploadId!, etags, signal)
  } catch (error) {
    if (uploadId !== null) {
      const query = `?uploadId=${encodeURIComponent(uploadId)}`
      await abandon(client, { method: 'DELETE', key, query, what, signal: undefined }, signal)
    }
    throw error
  }
}

async function begin(client: Client, request: Call): Promise<string> {
  const { text } = await call(client, request, isDone)
  const id = /<UploadId>([^<]{1,2048})<\/UploadId>/.exec(text)?.[1]
  if (id === undefined)
    throw failed(request.what, { status: 200, code: 'no upload id' }, 'not-applied')
  return unescaped(id)
}

/** S3 may answer 200 and report an error in the document all the same: the result itself must be there. */
async function complete(
  client: Client,
  key: string,
  uploadId: string,
  etags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const parts = etags.map(
    (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
  )
  const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/'
  const document = `<CompleteMultipartUpload xmlns="${namespace}">${parts.join('')}</CompleteMultipartUpload>`
  const body = new Uint8Array(encodeUtf8(document))
  const query = `?uploadId=${encodeURIComponent(uploadId)}`
  const headers = { 'content-type': 'application/xml' }
  const what = `Writing ${key}`
  await call(
    client,
    { method: 'POST', key, query, headers, body, what, applies: true, signal },
    ({ status, text, code }) =>
      status === 200 && code === null && text.includes('<CompleteMultipartUploadResult'),
  )
}

/**
 * Gives up an upload, so that its parts do not lie there unseen; what cannot be given up is left to the bucket's
 * lifecycle rule. A caller who aborted does not wait for it.
 */
async function abandon(
  client: Client,
  request: Call,
  signal: AbortSignal | undefined,
): Promise<void> {
  const given = call(client, request, ({ status }) => status === 204 || status === 404).catch(
    () => null,
  )
  if (signal?.aborted !== true) await given
}

function tooLarge(what: string, partSize: number): StoreFailed {
  return new StoreFailed(
    `${what} failed: the blob has more than ${maximumParts} parts of ${partSize} bytes. Make the store with a larger partSize.`,
    { outcome: 'not-applied' },
  )
}

function etagOf(headers: Headers, what: string): string {
  const etag = headers.get('etag')
  if (etag === null || !/^[\x21-\x7e]{1,256}$/.test(etag)) {
    throw failed(what, { status: 200, code: 'no ETag, which CORS must expose' }, 'not-applied')
  }
  return etag
}

const entities: readonly (readonly [string, string])[] = [
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
]

function escaped(text: string): string {
  return entities.reduce((out, [character, entity]) => out.replaceAll(character, entity), text)
}

function unescaped(text: string): string {
  return [...entities]
    .reverse()
    .reduce((out, [character, entity]) => out.replaceAll(entity, character), text)
}
