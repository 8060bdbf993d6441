/** A request that is to be signed. It has the shape of `fetch`'s options, so that signers for those take it. */
export interface S3Request {
  /** The HTTP method. */
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** The URL, path and query encoded. */
  readonly url: string
  /** Headers that the request needs, such as `range`; lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** The body, for signatures that cover it; not to be kept or changed. `null` where there is none. */
  readonly body: Uint8Array<ArrayBuffer> | null
}

/** What is sent: a `Request` of a signing library, a presigned URL, or URL and headers put together by hand. */
export interface SignedS3Request {
  /** The URL to send to. A presigned one is a secret while it is valid. */
  readonly url: string
  /** All headers to send, those of the request included; left out: those of the request alone. */
  readonly headers?: Readonly<Record<string, string>> | Headers | undefined
}

/** Options of {@link s3Blobs}. */
export interface S3BlobsOptions {
  /** URL of the bucket, `https://records.s3.eu-central-1.amazonaws.com` or `https://s3.example/records`. */
  readonly bucket: string
  /**
   * Signs one request; called anew for every attempt. With aws4fetch: `(request) => client.sign(request.url,
   * request)`. Where the client holds no credentials: ask your server for a presigned URL of `method` and `url`.
   */
  readonly sign: (
    request: S3Request,
    options: {
      /** Aborts the call that needs the signature. */
      readonly signal?: AbortSignal | undefined
    },
  ) => Promise<SignedS3Request> | SignedS3Request
  /** Folder below which all keys stand; a key itself. None unless given. */
  readonly prefix?: string | undefined
  /**
   * Bytes of a part of a large upload, 5 MiB to 1 GiB, 8 MiB unless given. One part is kept in memory, and
   * `fetch` makes copies of it: several times the part in all. A blob has at most 10,000 parts.
   */
  readonly partSize?: number | undefined
  /** How often one request is sent before the call fails, 1 to 10, 4 unless given. */
  readonly attempts?: number | undefined
  /**
   * Waits before the next attempt (1 after the first one failed). Unless given, 200 ms and twice as long each time, where
   * the platform has `setTimeout`.
   */
  readonly pause?: ((attempt: number) => Promise<void>) | undefined
  /** Instead of the platform's `fetch`, for a proxy or an agent of its own. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
}
