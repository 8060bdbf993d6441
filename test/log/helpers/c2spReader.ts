import { createHash, createPublicKey, verify } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leaf, mth, node } from './reference.ts'

/*
 * Reads a published log directory by the text of c2sp.org/tlog-tiles, tlog-checkpoint and signed-note alone.
 */

/** "zero-padded 3-digit path elements. All but the last path element MUST begin with an x" */
function tilePath(level: string, n: number, width: number): string {
  const elements: string[] = []
  let rest = n
  do {
    elements.unshift(String(rest % 1000).padStart(3, '0'))
    rest = Math.floor(rest / 1000)
  } while (rest > 0)
  const path = elements
    .map((element, i) => (i < elements.length - 1 ? `x${element}` : element))
    .join('/')
  return `tile/${level}/${path}${width === 256 ? '' : `.p/${width}`}`
}

function hashes(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / 32 }, (_, i) => bytes.slice(32 * i, 32 * i + 32))
}

/** "sequences of big-endian uint16 length-prefixed log entries" */
function bundle(bytes: Uint8Array): Uint8Array[] {
  const entries: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at]! * 256 + bytes[at + 1]!
    entries.push(bytes.slice(at + 2, at + 2 + length))
    at += 2 + length
  }
  return entries
}

export interface ReadDirectory {
  readonly origin: string
  readonly size: number
  readonly entries: Uint8Array[]
}

/** Everything a directory publishes, checked; throws at the first thing that is wrong. */
export function readDirectory(path: string, vkey: string): ReadDirectory {
  const note = readFileSync(join(path, 'checkpoint'), 'utf8')
  const [text, lines] = [
    note.slice(0, note.lastIndexOf('\n\n') + 1),
    note.slice(note.lastIndexOf('\n\n') + 2),
  ]
  const [origin, decimal, rootBase64] = text.split('\n')
  const size = Number(decimal)
  // vkey: <key name>+hex(key ID)+base64(signature type || public key)
  const [name, id, material] = [
    vkey.split('+')[0]!,
    vkey.split('+')[1]!,
    vkey.split('+').slice(2).join('+'),
  ]
  const typed = Buffer.from(material, 'base64')
  const expectedId = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
  if (expectedId.toString('hex') !== id || typed[0] !== 1) throw new Error('vkey')
  const line = lines.split('\n').find((one) => one.startsWith(`— ${name} `))!
  const blob = Buffer.from(line.split(' ')[2]!, 'base64')
  if (blob.subarray(0, 4).toString('hex') !== id) throw new Error('key id')
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: typed.subarray(1).toString('base64url') }
  const key = createPublicKey({ format: 'jwk', key: jwk })
  if (!verify(null, Buffer.from(text), key, blob.subarray(4))) throw new Error('signature')

  const read = (level: string, n: number, width: number): Uint8Array =>
    new Uint8Array(readFileSync(join(path, tilePath(level, n, width))))
  const entries: Uint8Array[] = []
  for (let n = 0; n * 256 < size; n++) {
    const width = Math.min(256, size - n * 256)
    const found = bundle(read('entries', n, width))
    if (found.length !== width) throw new Error(`bundle ${n}`)
    entries.push(...found)
  }
  let below = entries.map(leaf)
  if (Buffer.from(mth(below)).toString('base64') !== rootBase64) throw new Error('root')
  for (let level = 0; below.length > 0; level++) {
    const above: Uint8Array[] = []
    for (let n = 0; n * 256 < below.length; n++) {
      const expected = below.slice(n * 256, n * 256 + 256)
      const found = hashes(read(String(level), n, expected.length))
      if (Buffer.compare(Buffer.concat(found), Buffer.concat(expected)) !== 0) {
        throw new Error(`tile ${level} ${n}`)
      }
      if (expected.length === 256) above.push(perfect(expected))
    }
    below = above
  }
  // "Empty tiles MUST NOT be served."
  if (
    size % 256 === 0 &&
    existsSync(join(path, `${tilePath('0', size / 256, 1).replace('/1', '')}/0`))
  ) {
    throw new Error('empty tile')
  }
  return { origin: origin!, size, entries }
}

function perfect(level: Uint8Array[]): Uint8Array {
  return level.length === 1
    ? level[0]!
    : perfect(
        Array.from({ length: level.length / 2 }, (_, i) => node(level[2 * i]!, level[2 * i + 1]!)),
      )
}
