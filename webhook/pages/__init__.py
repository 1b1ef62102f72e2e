"""The pages for people: one file per page, rendered on the server from `webhook/templates`."""
