/** How long something may take, in milliseconds; more where the code under test is instrumented for mutation. */
export const allowed = (milliseconds: number): number =>
  process.env['CARESEAL_MUTATION'] === '1' ? 20 * milliseconds : milliseconds
