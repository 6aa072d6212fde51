// What came of one probe, however it was made.

export interface ProbeOutcome {
  readonly healthy: boolean
  /** The probe could not be made, which says nothing about the container. */
  readonly unknown?: true
  /** Healthy, but the user should know of something. */
  readonly warning?: boolean
  readonly output: string
}
