/**
 * What somebody writes who has node:crypto and no library: an envelope of the same shape (a content key wrapped
 * for each reader by ephemeral Diffie–Hellman, the content once under AES-256-GCM) and nothing else: no format, no
 * commitment, no check of what is read. Keys are imported beforehand, as a program that seals to one reader would.
 */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomFillSync,
} from 'node:crypto'

interface Sealed {
  readonly iv: Buffer
  readonly body: Buffer
  readonly wraps: readonly { readonly ephemeral: Buffer; readonly key: Buffer }[]
}

export interface BareReaders {
  /** Seals to all readers. */
  seal(content: Uint8Array): Sealed
  /** Opens as the last reader. */
  open(sealed: Sealed): Buffer
}

/** AES-256-GCM in one go; ciphertext and tag together. */
export function gcmSeal(key: Uint8Array, iv: Uint8Array, content: Uint8Array): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()])
}

/** The way back. */
export function gcmOpen(key: Uint8Array, iv: Uint8Array, sealed: Uint8Array): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, iv)
  decipher.setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()])
}

type Agree = () => { ephemeral: Buffer; secret: Buffer }

function bare(agreements: readonly Agree[], agree: (ephemeral: Buffer) => Buffer): BareReaders {
  const none = Buffer.alloc(12)
  const wrapping = (secret: Buffer, ephemeral: Buffer): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, ephemeral, 'wrap', 32))
  return {
    seal(content) {
      const key = randomFillSync(Buffer.alloc(32))
      const iv = randomFillSync(Buffer.alloc(12))
      const wraps = agreements.map((run) => {
        const { ephemeral, secret } = run()
        return { ephemeral, key: gcmSeal(wrapping(secret, ephemeral), none, key) }
      })
      return { iv, wraps, body: gcmSeal(key, iv, content) }
    },
    open({ iv, wraps, body }) {
      const { ephemeral, key } = wraps[wraps.length - 1]!
      return gcmOpen(gcmOpen(wrapping(agree(ephemeral), ephemeral), none, key), iv, body)
    },
  }
}

const header = Buffer.from('302a300506032b656e032100', 'hex')
const rawOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(-32)

export function bareX25519(readers: number): BareReaders {
  const keys = Array.from({ length: readers }, () => generateKeyPairSync('x25519'))
  const own = keys[readers - 1]!.privateKey
  const agreements = keys.map(
    ({ publicKey }): Agree =>
      () => {
        const ephemeral = generateKeyPairSync('x25519')
        const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey })
        return { ephemeral: rawOf(ephemeral.publicKey), secret }
      },
  )
  return bare(agreements, (ephemeral) => {
    const spki = Buffer.concat([header, ephemeral])
    const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return diffieHellman({ privateKey: own, publicKey })
  })
}

export function bareP256(readers: number): BareReaders {
  const keys = Array.from({ length: readers }, () => {
    const ecdh = createECDH('prime256v1')
    ecdh.generateKeys()
    return ecdh
  })
  const own = keys[readers - 1]!
  const agreements = keys.map((key): Agree => {
    const publicKey = key.getPublicKey()
    return () => {
      const one = createECDH('prime256v1')
      const ephemeral = one.generateKeys()
      return { ephemeral, secret: one.computeSecret(publicKey) }
    }
  })
  return bare(agreements, (ephemeral) => own.computeSecret(ephemeral))
}
