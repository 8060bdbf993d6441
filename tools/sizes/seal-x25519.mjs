export { seal } from 'careseal/envelope'
export { importPublicKey, x25519 } from 'careseal/keys'
