export { open } from 'careseal/envelope'
export { keyFromSeed, x25519 } from 'careseal/keys'
