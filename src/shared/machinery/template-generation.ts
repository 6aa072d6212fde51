// The count of a DaemonSet's templates, as it was kept before `generation` was; some clients look for it.

/** Of DaemonSets. */
export const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'
/** A label of their pods. */
export const POD_TEMPLATE_GENERATION = 'pod-template-generation'
