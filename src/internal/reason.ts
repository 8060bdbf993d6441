/** One thing that a result has to say for itself, for people (`text`) and for programs (`code`). */
export interface Reason {
  /** A stable word for programs, such as `number-changed`. */
  readonly code: string
  /** One sentence for people. Never a value of the content. */
  readonly text: string
  /**
   * Where, as a FHIR element path such as `Observation.valueQuantity.value`; absent where it is about the
   * whole.
   */
  readonly path?: string
}
