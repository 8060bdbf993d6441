export { seal } from 'careseal/envelope'
export { importPublicKey, xWing } from 'careseal/keys'
