import { createHash, createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string
  /** Path and query, as sent. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex')
const hmac = (key: string | Uint8Array, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest()

/**
 * Whether a request is signed with this secret by AWS Signature Version 4, in its header or presigned. Written for the
 * tests from Amazon's description, over the bytes that arrived: path and query are taken as they were sent.
 */
export function isSigned(request: WireRequest, secret: string): boolean {
  const { method, url, headers, body } = request
  const [path = '', search = ''] = url.split('?')
  const query =
    search === '' ? [] : search.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`))
  const value = (name: string): string =>
    decodeURIComponent(
      query.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? '',
    )
  const header = headers.authorization ?? ''
  const part = (name: string): string => new RegExp(`${name}=([^, ]+)`).exec(header)?.[1] ?? ''
  const presigned = header === ''
  const [credential, signedHeaders, signature, date] = presigned
    ? ['Credential', 'SignedHeaders', 'Signature', 'Date'].map((name) => value(`X-Amz-${name}`))
    : [part('Credential'), part('SignedHeaders'), part('Signature'), String(headers['x-amz-date'])]
  const [, day, region, service] = credential!.split('/')
  if (signature === '' || !date!.startsWith(day ?? '-')) return false
  const payload = presigned ? 'UNSIGNED-PAYLOAD' : String(headers['x-amz-content-sha256'])
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body)) return false
  const names = signedHeaders!.split(';')
  // Host must be signed, and every header of Amazon's that was sent.
  const due = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'))
  if (due.some((name) => !names.includes(name))) return false
  const canonical = [
    method,
    path,
    query
      .filter((pair) => !pair.startsWith('X-Amz-Signature='))
      .sort()
      .join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    payload,
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical)].join('\n')
  const key = [region, service, 'aws4_request'].reduce<Buffer>(
    (derived, step) => hmac(derived, step!),
    hmac(`AWS4${secret}`, day!),
  )
  return hmac(key, text).toString('hex') === signature
}
