import { p256 } from '@noble/curves/nist.js'
import { type Ecdsa, ecdsa } from './ecdsa.ts'

/** ECDSA on P-256 with SHA-256. */
export const es256Engine: Ecdsa = /* @__PURE__ */ ecdsa(p256, 'P-256', true)
