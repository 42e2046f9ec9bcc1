from psycopg_pool import ConnectionPool

pool = ConnectionPool("postgresql://localhost/shop")


def charge(order):
    connection = pool.getconn()
    connection.execute("UPDATE orders SET paid = true WHERE id = %s", (order,))
    pool.putconn(connection)
