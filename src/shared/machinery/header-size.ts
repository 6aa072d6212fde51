// How long the head of a request may be: upstream's limit. The command of an exec travels in the query.

export const MAX_HEADER_BYTES = 1 << 20
