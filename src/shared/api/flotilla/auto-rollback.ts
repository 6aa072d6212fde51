// Automatic rollback of a Deployment: how it is asked for, and what is told of it. All are annotations of the Deployment.

/** "true" asks for it. */
export const AUTO_ROLLBACK = 'flotilla.dev/auto-rollback'
/** The revision that was given up, why, and when. */
export const ROLLED_BACK_FROM = 'flotilla.dev/rolled-back-from'
export const ROLLED_BACK_REASON = 'flotilla.dev/rolled-back-reason'
export const ROLLED_BACK_AT = 'flotilla.dev/rolled-back-at'
