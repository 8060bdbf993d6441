import { execFileSync } from 'node:child_process'
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign as nodeSign,
} from 'node:crypto'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { exportPKCS8, exportSPKI, generateKeyPair, importPKCS8, importSPKI } from 'jose'
import { afterAll, describe, expect, it } from 'vitest'
import {
  ed25519,
  es256,
  es256k,
  fromJwk,
  fromPem,
  type Jwk,
  type KemAlgorithm,
  keyFromSeed,
  type LocalSigner,
  mlDsa65,
  p256,
  type SignatureAlgorithm,
  toJwk,
  toPem,
  verifySignature,
  x25519,
} from '../../src/keys/index.ts'
import { toHex, utf8 } from '../helpers/bytes.ts'

type Any = KemAlgorithm | SignatureAlgorithm
const seed = Uint8Array.from({ length: 32 }, (_, i) => i + 1)
const required = process.env['CARESEAL_REQUIRE_ALL'] === '1'
const folder = mkdtempSync(join(tmpdir(), 'careseal-pem-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
const attempt = (run: () => string): string => {
  try {
    return run()
  } catch {
    return ''
  }
}
const haveOpenssl = attempt(() => openssl('version')).startsWith('OpenSSL 3')
const opensslHasMlDsa = /ML-DSA-65/.test(attempt(() => openssl('list', '-signature-algorithms')))
/** A Node.js whose OpenSSL has ML-DSA: this one, or that of test/runtimes. */
const modernNode = [process.execPath, resolve('test/runtimes/node_modules/node-26/bin/node')].find(
  (path) =>
    existsSync(path) &&
    attempt(() =>
      execFileSync(path, ['-p', 'process.versions.openssl'], { encoding: 'utf8' }),
    ).trim() >= '3.5',
)

/** A block that needs a program; shown as skipped with what is missing, a failure where all is required. */
function describeWith(
  there: boolean,
  missing: string,
  title: string,
  body: () => void,
  optional = false,
): void {
  if (there) describe(title, body)
  else if (required && !optional) it(title, () => expect.fail(`required, but ${missing}`))
  else describe.skip(`${title} (skipped: ${missing})`, body)
}

const kinds = [
  ['Ed25519', ed25519, ['-algorithm', 'ED25519']],
  ['X25519', x25519, ['-algorithm', 'X25519']],
  ['P-256', p256, ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
  ['ES256', es256, ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
  ['ES256K', es256k, ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1']],
] as const

async function isTaken(algorithm: Any, secretPem: string, publicPem: string): Promise<void> {
  const secret = await fromPem(secretPem, { algorithms: [algorithm], secret: true })
  const key = fromPem(publicPem, { algorithms: [algorithm] })
  expect(toHex(secret.publicKey.id)).toBe(toHex(key.id))
  expect(toPem(secret as LocalSigner, { secret: true })).toBe(secretPem)
  expect(toPem(key)).toBe(publicPem)
}

describeWith(haveOpenssl, 'openssl 3 not found', 'PEM and openssl', () => {
  it.each(kinds)('%s: its keys come in and go out the same', async (_name, algorithm, args) => {
    const secretPem = openssl('genpkey', ...args)
    writeFileSync(join(folder, 'key.pem'), secretPem)
    await isTaken(algorithm, secretPem, openssl('pkey', '-in', 'key.pem', '-pubout'))
  })

  it.each(kinds)('%s: it writes what we write', async (name, algorithm) => {
    const key = (await keyFromSeed(algorithm as KemAlgorithm, seed)) as never as LocalSigner
    const [secret, open] = [toPem(key, { secret: true }), toPem(key.publicKey)]
    writeFileSync(join(folder, `${name}.pem`), secret)
    expect(openssl('pkey', '-in', `${name}.pem`, '-check').replace(/^Key is valid\n/, '')).toBe(
      secret,
    )
    expect(openssl('pkey', '-in', `${name}.pem`, '-pubout')).toBe(open)
  })

  it('it signs with our key and we verify, and the other way round', async () => {
    const key = await keyFromSeed(ed25519, seed)
    const message = utf8('Hb 7.1')
    writeFileSync(join(folder, 'secret.pem'), toPem(key, { secret: true }))
    writeFileSync(join(folder, 'public.pem'), toPem(key.publicKey))
    writeFileSync(join(folder, 'message'), message)
    const raw = ['pkeyutl', '-rawin', '-in', 'message']
    openssl(...raw, '-sign', '-inkey', 'secret.pem', '-out', 'theirs')
    const theirs = execFileSync('cat', ['theirs'], { cwd: folder })
    expect(await verifySignature(key.publicKey, message, new Uint8Array(theirs))).toBe(true)
    writeFileSync(join(folder, 'ours'), await key.sign(message))
    const check = [...raw, '-verify', '-pubin', '-inkey', 'public.pem', '-sigfile', 'ours']
    expect(openssl(...check)).toContain('Verified Successfully')
  })

  it('what it writes in other forms is refused, and the way that the message names works', () => {
    const es = openssl('genpkey', ...kinds[3][2])
    writeFileSync(join(folder, 'ec.pem'), es)
    openssl('pkey', '-in', 'ec.pem', '-traditional', '-out', 'sec1.pem')
    const sec1 = execFileSync('cat', ['sec1.pem'], { cwd: folder, encoding: 'utf8' })
    expect(() => fromPem(sec1, { algorithms: [es256] })).toThrow(/openssl pkey/)
    expect(openssl('pkey', '-in', 'sec1.pem')).toBe(es)
    const short = openssl('pkey', '-in', 'ec.pem', '-pubout', '-ec_conv_form', 'compressed')
    writeFileSync(join(folder, 'short.pem'), short)
    expect(() => fromPem(short, { algorithms: [es256] })).toThrow(/-ec_conv_form uncompressed/)
    const form = ['-pubin', '-pubout', '-ec_conv_form', 'uncompressed']
    const long = openssl('pkey', '-in', 'short.pem', ...form)
    expect(fromPem(long, { algorithms: [es256] }).algorithm).toBe(es256)
  })
})

describeWith(
  opensslHasMlDsa,
  'openssl before 3.5 has no ML-DSA',
  'PEM of ML-DSA and openssl',
  () => {
    it('its keys come in, with and without the expanded key', async () => {
      const whole = openssl('genpkey', '-algorithm', 'ML-DSA-65')
      writeFileSync(join(folder, 'mldsa.pem'), whole)
      const open = openssl('pkey', '-in', 'mldsa.pem', '-pubout')
      const form = ['-provparam', 'ml-dsa.output_formats=seed-only']
      await isTaken(mlDsa65, openssl('pkey', '-in', 'mldsa.pem', ...form), open)
      const key = await fromPem(whole, { algorithms: [mlDsa65], secret: true })
      expect(toPem(key.publicKey)).toBe(open)
    })
  },
  // Debian 12 has 3.0; the newer node:crypto below brings OpenSSL 3.5.
  true,
)

const nodeTypes = [
  ['Ed25519', ed25519, () => generateKeyPairSync('ed25519')],
  ['X25519', x25519, () => generateKeyPairSync('x25519')],
  ['P-256', p256, () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['ES256K', es256k, () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' })],
] as const

describe('PEM and node:crypto', () => {
  it.each(nodeTypes)('%s: its keys come in, and ours go in', async (_name, algorithm, generate) => {
    const pair = generate() as { privateKey: KeyObject; publicKey: KeyObject }
    const secretPem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
    await isTaken(
      algorithm,
      secretPem,
      pair.publicKey.export({ format: 'pem', type: 'spki' }) as string,
    )
    const key = (await keyFromSeed(algorithm as KemAlgorithm, seed)) as never as LocalSigner
    const native = createPrivateKey(toPem(key, { secret: true }))
    expect(createPublicKey(native).export({ format: 'pem', type: 'spki' })).toBe(
      toPem(key.publicKey),
    )
    expect(createPublicKey(toPem(key.publicKey)).equals(createPublicKey(native))).toBe(true)
  })

  it('it signs with our key what we verify', async () => {
    const key = await keyFromSeed(es256, seed)
    const signing = {
      key: createPrivateKey(toPem(key, { secret: true })),
      dsaEncoding: 'ieee-p1363',
    } as const
    const signature = new Uint8Array(nodeSign('sha256', utf8('message'), signing))
    expect(await verifySignature(key.publicKey, utf8('message'), signature)).toBe(true)
  })
})

describeWith(
  modernNode !== undefined,
  'no Node.js with OpenSSL 3.5 (npm ci --prefix test/runtimes brings one)',
  'ML-DSA and a newer node:crypto',
  () => {
    const run = (code: string): string =>
      execFileSync(modernNode!, ['-e', code], { cwd: folder, encoding: 'utf8' })
    const script = `const c = require('node:crypto'), fs = require('node:fs')
      const pem = (key, type) => key.export({ format: 'pem', type })
      const secret = c.createPrivateKey(fs.readFileSync('secret.pem'))
      process.stdout.write(JSON.stringify({
        secret: pem(secret, 'pkcs8'), open: pem(c.createPublicKey(secret), 'spki'),
        signature: c.sign(null, Buffer.from('message'), secret).toString('hex'),
      }))`

    it('its keys come in, ours go in, and it signs what we verify', async () => {
      const key = await keyFromSeed(mlDsa65, seed)
      writeFileSync(join(folder, 'secret.pem'), toPem(key, { secret: true }))
      const { secret, open, signature } = JSON.parse(run(script)) as Record<string, string>
      expect(secret).toBe(toPem(key, { secret: true }))
      expect(open).toBe(toPem(key.publicKey))
      const raw = new Uint8Array(Buffer.from(signature!, 'hex'))
      expect(await verifySignature(key.publicKey, utf8('message'), raw)).toBe(true)
      const theirs = JSON.parse(
        run(`const { privateKey, publicKey } = require('node:crypto').generateKeyPairSync('ml-dsa-65')
          process.stdout.write(JSON.stringify([privateKey.export({ format: 'pem', type: 'pkcs8' }),
            publicKey.export({ format: 'pem', type: 'spki' })]))`),
      ) as [string, string]
      await isTaken(mlDsa65, ...theirs)
    })

    it('its JWKs (AKP, RFC 9964) come in, and ours go in', async () => {
      const key = await keyFromSeed(mlDsa65, seed)
      const ours = toJwk(key, { secret: true })
      writeFileSync(join(folder, 'ours.json'), JSON.stringify(ours))
      const [again, theirs] = JSON.parse(
        run(`const c = require('node:crypto'), key = JSON.parse(require('node:fs').readFileSync('ours.json'))
          const made = c.generateKeyPairSync('ml-dsa-65').privateKey
          process.stdout.write(JSON.stringify([c.createPrivateKey({ format: 'jwk', key }), made]
            .map((one) => one.export({ format: 'jwk' }))))`),
      ) as [Jwk, Jwk]
      expect(again).toEqual(ours)
      const back = await fromJwk(theirs, { algorithms: [mlDsa65], secret: true })
      expect(toJwk(back, { secret: true })).toEqual(theirs)
    })
  },
)

describe('PEM and jose', () => {
  it.each([
    ['Ed25519', ed25519, 'EdDSA', {}],
    ['ES256', es256, 'ES256', {}],
    ['P-256', p256, 'ECDH-ES', { crv: 'P-256' }],
    ['X25519', x25519, 'ECDH-ES', { crv: 'X25519' }],
  ] as const)('%s: its keys come in, and ours go in', async (_name, algorithm, alg, options) => {
    const pair = await generateKeyPair(alg, { extractable: true, ...options })
    const theirs = [await exportPKCS8(pair.privateKey), await exportSPKI(pair.publicKey)]
    await isTaken(algorithm, `${theirs[0]!.trimEnd()}\n`, `${theirs[1]!.trimEnd()}\n`)
    const key = (await keyFromSeed(algorithm as KemAlgorithm, seed)) as never as LocalSigner
    const secret = await importPKCS8(toPem(key, { secret: true }), alg, { extractable: true })
    expect((await exportPKCS8(secret)).trimEnd()).toBe(toPem(key, { secret: true }).trimEnd())
    const open = await importSPKI(toPem(key.publicKey), alg, { extractable: true })
    expect((await exportSPKI(open)).trimEnd()).toBe(toPem(key.publicKey).trimEnd())
  })
})

describe('PEM and WebCrypto', () => {
  const { subtle } = globalThis.crypto
  const derOf = (pem: string): Uint8Array<ArrayBuffer> =>
    new Uint8Array(Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64'))
  it.each([
    ['Ed25519', ed25519, { name: 'Ed25519' }, ['sign'], ['verify']],
    ['X25519', x25519, { name: 'X25519' }, ['deriveBits'], []],
    ['P-256', p256, { name: 'ECDH', namedCurve: 'P-256' }, ['deriveBits'], []],
    ['ES256', es256, { name: 'ECDSA', namedCurve: 'P-256' }, ['sign'], ['verify']],
  ] as const)(
    '%s: it imports and exports what we write',
    async (_name, algorithm, how, secretUsages, publicUsages) => {
      const key = (await keyFromSeed(algorithm as KemAlgorithm, seed)) as never as LocalSigner
      const pkcs8 = derOf(toPem(key, { secret: true }))
      const secret = await subtle.importKey('pkcs8', pkcs8, how, true, [...secretUsages])
      expect(toHex(new Uint8Array(await subtle.exportKey('pkcs8', secret)))).toBe(toHex(pkcs8))
      const spki = derOf(toPem(key.publicKey))
      const open = await subtle.importKey('spki', spki, how, true, [...publicUsages])
      expect(toHex(new Uint8Array(await subtle.exportKey('spki', open)))).toBe(toHex(spki))
    },
  )
})
