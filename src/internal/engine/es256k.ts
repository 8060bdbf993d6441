import { secp256k1 } from '@noble/curves/secp256k1.js'
import { type Ecdsa, ecdsa } from './ecdsa.ts'

/** ECDSA on secp256k1 with SHA-256 (RFC 8812). */
export const es256kEngine: Ecdsa = /* @__PURE__ */ ecdsa(secp256k1, 'secp256k1', false)
