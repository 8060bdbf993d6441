import { ed25519 as noble } from '@noble/curves/ed25519.js'
import { fromBase64Url, toBase64Url } from '../base64.ts'
import { okpJwk } from './jwk.ts'
import { type NodeCrypto, plain } from './node.ts'
import { type MaybePromise, nativeFeature, subtleFeature } from './tier.ts'

/** A signing secret that answers for its own public key. */
export interface SigningSecret {
  readonly publicKey: Uint8Array
  /** Overwrites what was derived from the seed and is held here. */
  wipe?(): void
  sign(message: Uint8Array): MaybePromise<Uint8Array>
}

const name = 'Ed25519'

// Tried before use: the key of RFC 8032 §7.1 that signs no bytes at all.
const probeSeed = (): Uint8Array => fromBase64Url('nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A')!
const probePublic = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
const probeSignature =
  '5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc-bRr0lv18FlbviRlUUFDjnoQCw'
const nothing = (): Uint8Array => new Uint8Array(0)

const native = /* @__PURE__ */ nativeFeature((node) => {
  const { publicKey, sign } = nativeSecret(node, probeSeed())
  return (
    toBase64Url(publicKey) === probePublic &&
    toBase64Url(sign(nothing()) as Uint8Array) === probeSignature
  )
})
const subtle = /* @__PURE__ */ subtleFeature(async (api) => {
  const publicKey = fromBase64Url(probePublic)!
  return toBase64Url(await subtleSign(api, probeSeed(), publicKey, nothing())) === probeSignature
})

/** Takes a 32-byte seed (RFC 8032 §5.1.5). */
export function ed25519Secret(seed: Uint8Array): SigningSecret {
  const node = native()
  if (node !== null) return nativeSecret(node, seed)
  const publicKey = noble.getPublicKey(seed)
  return {
    publicKey,
    sign: (message) => {
      const ready = subtle()
      if (ready === null) return noble.sign(message, seed)
      return Promise.resolve(ready).then((api) =>
        api === null ? noble.sign(message, seed) : subtleSign(api, seed, publicKey, message),
      )
    },
  }
}

function nativeSecret(node: NodeCrypto, seed: Uint8Array): SigningSecret {
  // Node derives the public key itself and does not look at `x`; the probe above relies on that.
  const jwk = okpJwk(name, new Uint8Array(32), seed)
  const privateKey = node.createPrivateKey({ format: 'jwk', key: jwk })
  const publicKey = fromBase64Url(node.createPublicKey(privateKey).export({ format: 'jwk' }).x!)!
  return { publicKey, sign: (message) => plain(node.sign(null, message, privateKey)) }
}

async function subtleSign(
  api: SubtleCrypto,
  seed: Uint8Array,
  publicKey: Uint8Array,
  message: Uint8Array,
): Promise<Uint8Array> {
  const key = await api.importKey('jwk', okpJwk(name, publicKey, seed), name, false, ['sign'])
  return new Uint8Array(await api.sign(name, key, message as BufferSource))
}
