export { open } from 'careseal/envelope'
export { keyFromSeed, xWing } from 'careseal/keys'
