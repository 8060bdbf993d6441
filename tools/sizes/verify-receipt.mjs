export { verifyReceipt } from 'careseal/ledger'
export { parseLogPolicy } from 'careseal/log'
