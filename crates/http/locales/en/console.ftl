# The page at the address of the operator console.

console-title = Console
console-lead = There is no console here yet. Its work is done with the admin API and the commands of rsp.
console-today = What there is today
console-today-text = And who may use it.
console-api = Admin API
console-api-text = Lists, creates, disables and enables people and applications.
console-api-who = For clients with the scope rsp.admin.
console-api-manual = The manual describes it under “Admin API”.
console-commands = Commands
console-commands-text = Tenants, people, applications, keys and a check of the installation.
console-commands-who = For whoever may run rsp on the server with its configuration.
console-account-text = Your own sessions and the applications you allowed.
console-account-who = For everybody with an account.
console-tenant = This tenant
