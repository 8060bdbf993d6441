import { readFileSync } from 'node:fs'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** Bundles an import of the built package as an application would. */
async function bundle(code: string): Promise<string> {
  const result = await build({
    stdin: { contents: code, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    write: false,
    logLevel: 'silent',
  })
  return result.outputFiles[0]!.text
}

/** Strings that only one part of the library contains. */
const marks = {
  record: 'careseal/record/1',
  head: 'careseal/head/1',
  receipt: 'No receipt of this version',
  share: 'No event of this version',
  envelope: 'not a COSE_Encrypt',
  commit: 'careseal/envelope/commit/1',
  hpke: 'HPKE Recipient',
  tiles: 'tile/${',
  genesis: 'careseal/genesis/1',
  jwk: 'A JWK needs kty',
  pem: 'No PEM: it is',
  remote: 'the raw shared secret',
  jwe: 'No JWE: ',
  age: 'No age file: ',
  scrypt: 'age-encryption.org/v1/scrypt',
  mlkem: '\\\\.//^\\\\',
  secp256k1: 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f',
  lossless: 'lossless/1',
  viem: 'viem',
  nodeBuiltin: '"node:fs',
} as const

type Mark = keyof typeof marks

/** What an import needs, and what must not come along with it. */
const cases: readonly { code: string; has: readonly Mark[]; lacks: readonly Mark[] }[] = [
  {
    code: "import { seal } from 'careseal/envelope'; import { x25519 } from 'careseal/keys'; console.log(seal, x25519)",
    has: ['commit', 'hpke'],
    lacks: [
      'record',
      'receipt',
      'share',
      'tiles',
      'genesis',
      'jwk',
      'pem',
      'remote',
      'mlkem',
      'lossless',
      'jwe',
      'age',
    ],
  },
  {
    code: "import { seal } from 'careseal/envelope'; import { xWing } from 'careseal/keys'; console.log(seal, xWing)",
    has: ['commit', 'hpke', 'mlkem'],
    lacks: ['record', 'receipt', 'share', 'tiles', 'genesis', 'jwk', 'lossless', 'jwe', 'age'],
  },
  {
    code: "import { canonicalize } from 'careseal/fhir'; console.log(canonicalize)",
    has: ['lossless'],
    lacks: ['record', 'receipt', 'share', 'envelope', 'commit', 'hpke', 'tiles', 'jwk', 'mlkem'],
  },
  {
    code: "import { verifyReceipt } from 'careseal/ledger'; console.log(verifyReceipt)",
    has: ['receipt'],
    lacks: ['record', 'head', 'share', 'envelope', 'commit', 'hpke', 'genesis', 'jwk', 'mlkem'],
  },
  {
    code: "import { ed25519, generateKey } from 'careseal/keys'; console.log(ed25519, generateKey)",
    has: [],
    lacks: ['record', 'receipt', 'share', 'envelope', 'tiles', 'jwk', 'mlkem', 'lossless'],
  },
  {
    code: "import { dhkem, p256, webCryptoKey } from 'careseal/keys'; console.log(dhkem, p256, webCryptoKey)",
    has: ['remote'],
    lacks: [
      'record',
      'envelope',
      'commit',
      'tiles',
      'jwk',
      'pem',
      'mlkem',
      'secp256k1',
      'lossless',
    ],
  },
  {
    code: "import { fromPem } from 'careseal/keys'; console.log(fromPem)",
    has: ['pem'],
    lacks: ['record', 'envelope', 'commit', 'tiles', 'jwk', 'remote', 'secp256k1', 'lossless'],
  },
  {
    code: "import { isCaresealError } from 'careseal/errors'; console.log(isCaresealError)",
    has: [],
    lacks: ['record', 'receipt', 'share', 'envelope', 'commit', 'hpke', 'tiles', 'jwk', 'lossless'],
  },
  {
    code: "import { sealRecord } from 'careseal'; console.log(sealRecord)",
    has: ['record', 'head', 'commit', 'lossless'],
    lacks: ['tiles', 'genesis', 'share', 'jwk', 'mlkem', 'secp256k1', 'jwe', 'age'],
  },
  {
    code: "import { fromJwe, toJwe } from 'careseal/envelope'; import { p256 } from 'careseal/keys'; console.log(fromJwe, toJwe, p256)",
    has: ['jwe'],
    lacks: ['record', 'commit', 'envelope', 'mlkem', 'age', 'jwk', 'lossless'],
  },
  {
    code: "import { openAge } from 'careseal/envelope'; import { x25519 } from 'careseal/keys'; console.log(openAge, x25519)",
    has: ['age'],
    lacks: ['record', 'commit', 'envelope', 'mlkem', 'jwe', 'scrypt', 'jwk', 'lossless'],
  },
]

for (const { code, has, lacks } of cases) {
  it(`bundles only what is used: ${code.split(';')[0]}`, async () => {
    const text = await bundle(code)
    for (const mark of has) expect(text.includes(marks[mark]), `has ${mark}`).toBe(true)
    for (const mark of [...lacks, 'viem', 'nodeBuiltin'] as const) {
      expect(text.includes(marks[mark]), `lacks ${mark}`).toBe(false)
    }
  })
}

it('contributes nothing when an import is not used', async () => {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
    exports: Record<string, unknown>
  }
  const names = Object.keys(exports).filter(
    (key) => key !== './package.json' && key !== './store/fs',
  )
  for (const name of names) {
    const specifier = name.replace('.', 'careseal')
    const text = await bundle(`import * as all from '${specifier}'; console.log('kept')`)
    expect(text.trim(), specifier).toBe('console.log("kept");')
  }
})

it('marks that are searched for exist somewhere', async () => {
  const everything = await bundle(
    "import * as a from 'careseal'; import * as b from 'careseal/keys'; import * as c from 'careseal/log'; import * as d from 'careseal/consent'; import * as e from 'careseal/envelope'; console.log(a, b, c, d, e)",
  )
  for (const [name, mark] of Object.entries(marks)) {
    if (name === 'viem' || name === 'nodeBuiltin') continue
    expect(everything.includes(mark), name).toBe(true)
  }
})
