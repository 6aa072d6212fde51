/** Where log collectors look for what containers of a node write, and for the machine's own logs. */
export const LOG_FOLDER = '/var/log'
