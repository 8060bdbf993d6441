/** Domain and id of what a passphrase wraps; apart, so that whoever counts such wraps does not load Argon2. */
export const passphraseDomain = 'careseal/wrap/passphrase/1'
