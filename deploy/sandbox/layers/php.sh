# PHP and Composer, with the extensions that libraries most often ask for.
install php-cli php-curl php-intl php-mbstring php-sqlite3 php-xml php-zip composer unzip
