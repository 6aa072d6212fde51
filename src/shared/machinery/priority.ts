// Priorities of pods.
// @see https://kubernetes.io/docs/tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/

/** Of `system-cluster-critical`: pods from here on are the system's own. */
export const SYSTEM_CRITICAL = 2_000_000_000
