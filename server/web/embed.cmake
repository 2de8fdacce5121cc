# Run at build time: writes OUTPUT from TEMPLATE with the text of PAGE in it.
file(READ ${PAGE} POLLUX_PAGE)
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
