/**
 * Blobs in S3 and what speaks its protocol, over `fetch`. The host signs.
 *
 * @module careseal/store/s3
 */
export { s3Blobs } from './s3Blobs.ts'
export type { S3BlobsOptions, S3Request, SignedS3Request } from './types.ts'
