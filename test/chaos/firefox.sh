#!/bin/sh
# Playwright sets it, and the browser would end with the first page that is killed.
unset MOZ_CRASHREPORTER_SHUTDOWN
exec "$FIREFOX" "$@"
