import {
  createIdentity,
  decodePublicIdentity,
  encodePublicIdentity,
  es256,
  type Identity,
  p256,
  webCryptoKey,
} from 'careseal/keys'
import { read, writeOnce } from './database.ts'

/** What the database keeps of an identity: two pairs that no script can read, and the card. */
export interface StoredIdentity {
  readonly opening: CryptoKeyPair
  readonly signing: CryptoKeyPair
  readonly card: Uint8Array
}

/** The identity of this browser profile: loaded, or made at the first visit. */
export async function loadIdentity(
  database: IDBDatabase,
): Promise<{ identity: Identity; stored: StoredIdentity }> {
  const stored =
    (await read<StoredIdentity>(database, 'identity')) ??
    (await writeOnce(database, 'identity', await makeIdentity()))
  const identity: Identity = {
    public: await decodePublicIdentity(stored.card, { algorithms: [p256, es256] }),
    signer: await webCryptoKey({ algorithm: es256, keyPair: stored.signing }),
    decapsulator: await webCryptoKey({ algorithm: p256, keyPair: stored.opening }),
  }
  return { identity, stored }
}

/** P-256 is in every browser; `false` makes the private halves non-extractable. */
async function makeIdentity(): Promise<StoredIdentity> {
  const { subtle } = crypto
  const curve = { namedCurve: 'P-256' }
  const opening = await subtle.generateKey({ name: 'ECDH', ...curve }, false, ['deriveBits'])
  const signing = await subtle.generateKey({ name: 'ECDSA', ...curve }, false, ['sign', 'verify'])
  const { public: card } = await createIdentity({
    signer: await webCryptoKey({ algorithm: es256, keyPair: signing }),
    decapsulator: await webCryptoKey({ algorithm: p256, keyPair: opening }),
  })
  return { opening, signing, card: encodePublicIdentity(card) }
}
